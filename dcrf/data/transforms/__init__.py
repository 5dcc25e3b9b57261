"""Transforms of torchvision and of our own, on single samples and on whole batches."""
