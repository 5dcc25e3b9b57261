"""Reproduce every published result in the order of a queue, and write the page of results."""
