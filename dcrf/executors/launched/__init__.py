"""Runs in the processes that torchrun has started."""
