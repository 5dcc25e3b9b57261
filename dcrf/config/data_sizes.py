"""The sizes of a method that its data determine; `"auto"` in a file stands for such a size."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.method_config import DatasetConfig
from dcrf.config.mirror_layers import KEEP_SHAPE
from dcrf.config.rules.references import CLASSIFIERS
from dcrf.config.safe_lookup import Entry, objects, objects_within, text
from dcrf.errors import Problem
from dcrf.schema.special_words import AUTO

Shape = tuple[int, ...]
ShapeOfData = Shape | list[Problem]
"""The shape of a sample as layers get it, or why it is unknown: the problems of data that cannot be
read, none if the shape is unknown before samples are read."""

_FIRST = ("sizes", "channels", "in_features", "in_channels")
_LAST = ("sizes", "channels", "out_features", "out_channels")
"""Keys of layers and blocks with the size of the input and of the output."""
_KEEP_NUMBER = KEEP_SHAPE | {"Flatten", "Unflatten"}
"""Layers whose output has as many values as their input."""
_READERS = ("feature_extractor", "sample_space_classifier", "design_pattern_specific")
"""Types of mappings that read samples, unless they have a prior mapping."""
_DECODING = "design_pattern_specific"
"""The type of mappings whose output may be a sample."""


class Size(Enum):
    """The property of the data that a size is equal to."""

    VALUES = "number of values of a sample"
    CHANNELS = "number of channels of an image"
    SHAPE = "shape of a sample"
    CLUSTERS = "number of clusters"


@dataclass(frozen=True, slots=True)
class DataSizes:
    """The sizes of data.

    sample_shape: of a sample in the default view; None if no size depends on it.
    n_clusters: k; None likewise.
    """

    sample_shape: Shape | None
    n_clusters: int | None

    def number(self, size: Size) -> int | list[int] | None:
        """Return a size; None if the data have no such size, such as rows without channels."""
        shape = self.sample_shape
        if size is Size.CLUSTERS:
            return self.n_clusters
        if shape is None:
            return None
        if size is Size.CHANNELS:
            return shape[0] if len(shape) > 1 else None
        return math.prod(shape) if size is Size.VALUES else list(shape)


ANY_SIZES = DataSizes((1, 1, 1), 1)
"""They take the place of unknown ones while the rest of a method is checked."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value of a method that its data determine.

    path: the JSON path of the value.
    holder, key: the list or object that has the value, which `fill` replaces.
    """

    path: str
    holder: Any
    key: Any
    size: Size

    @property
    def value(self) -> Any:
        """The value in the file."""
        return self.holder[self.key]

    @property
    def is_auto(self) -> bool:
        """Whether the value is to be filled in."""
        return self.value == AUTO

    def fill(self, sizes: DataSizes) -> None:
        """Replace the value, if the data have the size."""
        number = sizes.number(self.size)
        if number is not None:
            self.holder[self.key] = number


def places(method: Mapping[str, Any]) -> Iterator[Place]:
    """Yield every value that may be equal to a size of the data.

    These are the first size of a mapping that reads samples, the last size of a decoder (the type
    `design_pattern_specific`) or classifier, the shape in an `Unflatten` at the end of a decoder,
    and the `sample_shape` of a mirrored mapping.

    Args:
        method: under its present keys, with blocks and mirrors as in the file, possibly invalid.
    """
    for path, mapping in objects(method, "mappings"):
        if "mirror_of" in mapping:
            if "sample_shape" in mapping:
                yield Place(child(path, "sample_shape"), mapping, "sample_shape", Size.SHAPE)
            continue
        role = text(mapping, "type")
        layers = [*objects_within(mapping.get("layers"), child(path, "layers"))]
        if role in _READERS and "prior_mapping_name" not in mapping:
            yield from first_size(layers)
        if role in CLASSIFIERS:
            yield from _number_of_clusters(layers)
        elif role == _DECODING:
            yield from _last_sizes(layers)


def first_size(layers: Sequence[Entry]) -> Iterator[Place]:
    """Yield the size of the input of layers, if they tell it."""
    for path, layer in layers:
        if place := _size_at(path, layer, _FIRST, 0):
            yield place
        if place or not _keeps_number(layer):
            return


def _last_sizes(layers: Sequence[Entry]) -> Iterator[Place]:
    """Yield the size of the output of layers, and the shape that it is brought into."""
    for path, layer in reversed(layers):
        if layer.get("type") == "Unflatten" and "unflattened_size" in layer:
            yield Place(child(path, "unflattened_size"), layer, "unflattened_size", Size.SHAPE)
        if place := _size_at(path, layer, _LAST, -1):
            yield place
        if place or not _keeps_number(layer):
            return


def _number_of_clusters(layers: Sequence[Entry]) -> Iterator[Place]:
    for place in _last_sizes(layers):
        if place.size is Size.VALUES:
            yield Place(place.path, place.holder, place.key, Size.CLUSTERS)


def _size_at(path: str, layer: dict[str, Any], keys: Sequence[str], index: int) -> Place | None:
    """Return the size of the input (index 0) or output (index -1) of a layer."""
    key = next((key for key in keys if key in layer), None)
    if key is None:
        return None
    size = Size.CHANNELS if "channels" in key else Size.VALUES
    value = layer[key]
    if not isinstance(value, list):
        return Place(child(path, key), layer, key, size)
    if len(value) < 2:  # noqa: PLR2004 - an input and an output
        return None
    at = index % len(value)
    return Place(child(child(path, key), at), value, at, size)


def _keeps_number(layer: Mapping[str, Any]) -> bool:
    """Whether a layer keeps the number of values, or consists of layers, which follow it."""
    has_layers = any(objects_within([*layer.values()], ""))
    return text(layer, "type") in _KEEP_NUMBER or has_layers


def sizes_of(
    needed: Sequence[Place],
    datasets: Sequence[DatasetConfig],
    shapes: Sequence[ShapeOfData],
) -> tuple[DataSizes, list[Problem]]:
    """Return the sizes that all data sets have, and why a size is missing.

    Args:
        needed: the places that are to be filled.
        datasets: of the method.
        shapes: of a sample of each data set. Empty if no place needs them.
    """
    of_clusters = next((place for place in needed if place.size is Size.CLUSTERS), None)
    of_samples = next((place for place in needed if place.size is not Size.CLUSTERS), None)
    known: list[tuple[DatasetConfig, Shape]] = []
    problems: list[Problem] = []
    if of_samples is not None:
        for dataset, shape in zip(datasets, shapes, strict=True):
            if isinstance(shape, tuple):
                known.append((dataset, shape))
            else:
                problems += _unknown(of_samples, dataset, shape)
        words = [(dataset, f"samples of shape {shape}") for dataset, shape in known]
        problems += _disagreement(of_samples, "shape of samples", words)
    if of_clusters is not None:
        words = [(dataset, f"{dataset.num_clusters} clusters") for dataset in datasets]
        problems += _disagreement(of_clusters, "number of clusters", words)
    sizes = DataSizes(known[0][1] if known else None, datasets[0].num_clusters)
    if not problems:
        missing = (place for place in needed if not sizes.number(place.size))
        problems += [_without_size(place, sizes.sample_shape) for place in missing]
    return sizes, problems


def _disagreement(
    place: Place, noun: str, of_datasets: Sequence[tuple[DatasetConfig, str]]
) -> Iterator[Problem]:
    """Yield a problem if data sets have different sizes."""
    for dataset, words in of_datasets:
        first, of_first = of_datasets[0]
        if words != of_first:
            yield Problem(
                place.path,
                f'"{AUTO}" needs one {noun}, but {first.name!r} at {first.path} has {of_first}, '
                f"and {dataset.name!r} at {dataset.path} {words}",
                "write a method file for each of them",
            )
            return


def _unknown(place: Place, dataset: DatasetConfig, reasons: Sequence[Problem]) -> list[Problem]:
    """Return the problems of a data set whose shape of samples is unknown for these reasons."""
    if not reasons:
        message = (
            f'"{AUTO}" needs the shape of samples, but those of {dataset.name!r} at {dataset.path} '
            "may have any shape"
        )
        resize = '{"type": "Resize", "size": [32, 32]}'
        remedy = f"make them equal by a transform such as {resize}, or write a number"
        return [Problem(place.path, message, remedy)]
    remedy = f'"{AUTO}" at {place.path} is read from these data; a number there needs no data'
    return [Problem(reason.path, reason.found, remedy) for reason in reasons]


def _without_size(place: Place, shape: Shape | None) -> Problem:
    found = f'"{AUTO}" is the {place.size.value} here, but samples have the shape {shape}'
    return Problem(place.path, found, "write a number, or layers for such samples")
