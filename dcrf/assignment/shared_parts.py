"""Parts that a method has beside its mappings, for any cluster assignment strategy and pattern.

name -> the module, built from the number of clusters, and its lifecycle, built from the keys of the
strategy that are marked `x-parts` with this name.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from dcrf.assignment.centroid_lifecycle import CentroidLifecycle
from dcrf.assignment.centroids import Centroids
from dcrf.assignment.lifecycle import Lifecycle

SHARED_PARTS: Mapping[str, tuple[Callable[[int], nn.Module], Callable[..., Lifecycle]]]
SHARED_PARTS = MappingProxyType({"centroids": (Centroids, CentroidLifecycle)})
