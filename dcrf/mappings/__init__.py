"""Trainable mappings, built from allow-listed layers and functions of torch.nn."""
