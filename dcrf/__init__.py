"""A framework for recombining deep clustering methods."""

__version__ = "0.1.0"
