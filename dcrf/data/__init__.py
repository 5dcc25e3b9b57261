"""Data sets, their views, and the batches made of them."""
