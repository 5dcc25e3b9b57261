"""Transforms of torchvision, on single samples and on whole batches."""
