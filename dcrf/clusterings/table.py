"""The classical clusterings by the names that a method file uses."""

from types import MappingProxyType

from dcrf.clusterings.base import Clustering
from dcrf.clusterings.k_means import KMeans

CLUSTERINGS: MappingProxyType[str, Clustering] = MappingProxyType({"k_means": KMeans()})
"""Stem -> clustering."""
