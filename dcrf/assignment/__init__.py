"""Cluster assignment strategies: modules that turn samples into log-assignments."""
