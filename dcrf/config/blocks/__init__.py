"""Blocks of layers that a file names in one entry, one module per block."""
