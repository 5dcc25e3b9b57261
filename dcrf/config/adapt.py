"""Adapt a method to other data: its data sets, the sizes of its layers, its number of clusters."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from dcrf.config.data_sizes import DataSizes, Size, first_size, places
from dcrf.config.safe_lookup import objects, objects_within, text

_READERS = ("feature_extractor", "sample_space_classifier")
"""Types of mappings from which the size of a sample is taken."""
_OF_IMAGES = re.compile("conv|2d", re.IGNORECASE)
"""Names of layers that work on images, as torch has them."""
_OF_ONE_FILE = ("$schema", "description", "references", "seed")
"""Keys that say something of the method on its own data."""


def takes_images(method: Mapping[str, Any]) -> bool:
    """Whether a layer of a method needs images, such as a convolution."""
    return any(_OF_IMAGES.search(str(entry.get("type", ""))) for entry in _layers(method))


def adapted(
    method: Mapping[str, Any],
    name: str,
    dataset: Mapping[str, Any],
    sample_shape: Sequence[int],
    n_clusters: int,
) -> dict[str, Any]:
    """Return a method for one data set of other samples.

    Layers that read a sample or end in one get the number of its values, mirrored decoders its
    shape, and the last layers of classifiers the number of clusters, where they have those of the
    old data or `"auto"`. All else stays.

    Args:
        method: the content of a method file, with all that it extends.
        name: of the result.
        dataset: the entry of the data set, without `num_clusters`.
        sample_shape: of a sample, as the mappings get it.
        n_clusters: k.
    """
    content = {key: deepcopy(v) for key, v in method.items() if key not in _OF_ONE_FILE}
    old_clusters = next((d.get("num_clusters") for _, d in objects(content, "datasets")), None)
    old_width = None if takes_images(content) else _width_of_samples(content)
    for place in places(content):
        old = old_clusters if place.size is Size.CLUSTERS else old_width
        if place.is_auto or (old is not None and _width(place.value) == old):
            place.fill(DataSizes(tuple(sample_shape), n_clusters))
    entry = {**dataset, "num_clusters": n_clusters}
    return {**content, "name": name, "datasets": [entry]}


def _width_of_samples(content: Mapping[str, Any]) -> int | None:
    """Return the number of values that the network reads of a sample, None without a size."""
    mappings = [mapping for _, mapping in objects(content, "mappings")]
    by_name = {mapping["name"]: mapping for mapping in mappings if "name" in mapping}
    for mapping in mappings:
        if text(mapping, "type") in _READERS:
            reader = mapping
            for _ in mappings:  # prior mappings of an invalid method may form a circle
                reader = by_name.get(reader.get("prior_mapping_name"), reader)
            layers = [*objects_within(reader.get("layers", []), "")]
            if (first := next(first_size(layers), None)) is not None:
                return first.value
    return None


def _width(value: Any) -> Any:
    """Return the number of values of a shape, and any other size as it is."""
    is_shape = isinstance(value, list) and all(type(size) is int for size in value)
    return math.prod(value) if is_shape else value


def _layers(method: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for _, mapping in objects(method, "mappings"):
        for _, entry in objects_within(mapping.get("layers", []), ""):
            yield entry
