"""Clustering problems: sets of objects, each with a known partition."""
