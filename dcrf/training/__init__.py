"""Phases of training and what happens in them."""
