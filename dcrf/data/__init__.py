"""Data sets, their views, and their batches."""
