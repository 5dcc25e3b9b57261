"""Slow references of entropies, in nats, for metrics that are ratios of them."""

from collections import Counter
from math import log


def entropy(values):
    return -sum(n / len(values) * log(n / len(values)) for n in Counter(values).values())


def conditional_entropy(values, given):
    """The mean entropy of the values within each group of `given`."""
    groups = {name: [v for v, g in zip(values, given, strict=True) if g == name] for name in given}
    return sum(len(group) / len(values) * entropy(group) for group in groups.values())
