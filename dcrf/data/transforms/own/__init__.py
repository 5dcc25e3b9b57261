"""Transforms of our own, which files name beside those of torchvision, one file each."""
