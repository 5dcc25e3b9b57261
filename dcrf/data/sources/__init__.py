"""Data sources: each opens its data, and tells the shape of samples without reading them."""
