"""Trainable mappings, built from allow-listed parts of torch.nn."""
