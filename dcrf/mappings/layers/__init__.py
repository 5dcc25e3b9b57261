"""Layers of our own, one file each: a file names them by their stem, beside those of torch.nn."""
