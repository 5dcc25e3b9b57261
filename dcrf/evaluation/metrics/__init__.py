"""Metrics of clusters: one module per metric."""
