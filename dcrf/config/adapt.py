"""Adapt a method to other data: its data sets, the sizes of its layers, its number of clusters."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from dcrf.config.rules.references import CLASSIFIERS
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

    Layers that read a sample or end in one get the number of its values; mirrored decoders get its
    shape; the last layers of classifiers get the number of clusters. All else stays.

    Args:
        method: the content of a method file, with all that it extends.
        name: of the result.
        dataset: the entry of the data set, without `num_clusters`.
        sample_shape: of a sample, as the mappings get it.
        n_clusters: k.
    """
    content = {key: deepcopy(v) for key, v in method.items() if key not in _OF_ONE_FILE}
    old_clusters = next((d.get("num_clusters") for _, d in objects(content, "datasets")), None)
    if not takes_images(content):
        _resize(content, sample_shape)
    for _, mapping in objects(content, "mappings"):
        if text(mapping, "type") in CLASSIFIERS:
            _set_last_size(mapping, old_clusters, n_clusters)
    entry = {**dataset, "num_clusters": n_clusters}
    return {**content, "name": name, "datasets": [entry]}


def _resize(content: dict[str, Any], sample_shape: Sequence[int]) -> None:
    """Give all layers that read samples or end in them the size of a sample."""
    width, mappings = math.prod(sample_shape), [m for _, m in objects(content, "mappings")]
    old_width = _width_of_samples(mappings)
    for mapping in mappings:
        if "mirror_of" in mapping:
            if "sample_shape" in mapping:
                mapping["sample_shape"] = list(sample_shape)
            continue
        first = next(_sized(mapping), None)
        if first is not None and "prior_mapping_name" not in mapping:
            _set_first_size(first, old_width, width)
        if text(mapping, "type") == "design_pattern_specific":
            _set_last_size(mapping, old_width, width)
            for _, entry in objects_within(mapping, ""):
                if entry.get("type") == "Unflatten" and _product(entry) == old_width:
                    entry["unflattened_size"] = list(sample_shape)


def _width_of_samples(mappings: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the number of values that the network reads of a sample, None without a size."""
    by_name = {mapping["name"]: mapping for mapping in mappings if "name" in mapping}
    for mapping in mappings:
        if text(mapping, "type") in _READERS:
            reader = mapping
            for _ in mappings:  # prior mappings of an invalid method may form a circle
                reader = by_name.get(reader.get("prior_mapping_name"), reader)
            if (first := next(_sized(reader), None)) is not None:
                return first["sizes"][0] if "sizes" in first else first["in_features"]
    return None


def _layers(method: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for _, mapping in objects(method, "mappings"):
        for _, entry in objects_within(mapping.get("layers", []), ""):
            yield entry


def _sized(mapping: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the layers and blocks of a mapping that have an input and an output size."""
    for _, entry in objects_within(mapping.get("layers", []), ""):
        if isinstance(entry.get("sizes"), list) or "in_features" in entry:
            yield entry


def _set_first_size(layer: dict[str, Any], old: Any, new: int) -> None:
    if "sizes" in layer and layer["sizes"][0] == old:
        layer["sizes"][0] = new
    elif layer.get("in_features") == old:
        layer["in_features"] = new


def _set_last_size(mapping: Mapping[str, Any], old: Any, new: int) -> None:
    """Set the output size of the last sized layer of a mapping, if it has been `old`."""
    layers = list(_sized(mapping))
    if not layers:
        return
    last = layers[-1]
    if "sizes" in last and last["sizes"][-1] == old:
        last["sizes"][-1] = new
    elif last.get("out_features") == old:
        last["out_features"] = new


def _product(entry: Mapping[str, Any]) -> int:
    size = entry.get("unflattened_size")
    numbers = size if isinstance(size, list) else []
    return math.prod(n for n in numbers if isinstance(n, int)) if numbers else 0
