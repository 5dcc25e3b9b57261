"""Clusters against labels; the only place that reads labels."""
