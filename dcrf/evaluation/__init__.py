"""Evaluation of clusters. Only this package reads labels."""
