"""Samplings: the samples of an epoch and their order, one module each."""
