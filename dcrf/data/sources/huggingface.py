"""The source `huggingface`: a data set that the package datasets saved to disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from dcrf.data.sources.arrays import naming, naming_option, outline_of_arrays, samples_tensor
from dcrf.data.sources.encoded_images import EncodedImages
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError, OptionError
from dcrf.extras import optional_package
from dcrf.safety.memory import free_memory, gib
from dcrf.safety.reading_errors import READING_ERRORS

_EXTRA = "huggingface"
_USUAL_LABELS = "label"
_READ_BYTES = 8  # of a number, while a column is read


@dataclass(frozen=True, slots=True)
class Huggingface:
    """A data set in a folder that `save_to_disk` of the package datasets wrote.

    Images are decoded on access as RGB, as in `ImageFolder`. A column of arrays or lists of numbers
    becomes float32, and uint8 of more than one axis are images, as in `Npz`. Labels are classes,
    integers, or texts, which are numbered in sorted order.

    dataset: the name for errors.
    path: the folder.
    split_name: the name of the part to read; None if the folder has only one.
    samples_key: the column of the samples.
    labels_key: the column of the labels. A column `label` may be missing.
    """

    dataset: str
    _: KW_ONLY
    path: str
    split_name: str | None = None
    samples_key: str = "image"
    labels_key: str = _USUAL_LABELS

    def open(self) -> RawData:
        """Read the labels, and the samples unless they are images.

        Raises:
            DataError: the package is not installed, the data set cannot be read, or a column is
                missing or is not data.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            table = self._table()
            files = [file["filename"] for file in table.cache_files]
            labels, *notes = self._labels(table)
            if (images := self._images(table)) is not None:
                return RawData(images, labels, tuple(notes), files)
            samples = samples_tensor(self._array(table)).contiguous()
            return RawData(samples, labels, tuple(notes))

    def outline(self) -> Outline:
        """Return the outline, from the first sample, or from the headers of images.

        Raises:
            OptionError: the data set cannot be read, or a column is missing or is not data.
        """
        with naming_option("path", self.path):
            table = self._table()
            labels, *notes = self._labels(table)
            has_labels = labels is not None
            if (images := self._images(table)) is not None:
                examples, origins = images.examples()
                return Outline(len(table), examples, has_labels, tuple(notes), origins)
        with naming_option("samples_key", self.path):
            first = self._array(table.select([0]))
            outline = outline_of_arrays(np.broadcast_to(first[:1], (len(table), *first.shape[1:])))
        return Outline(len(table), outline.examples, has_labels, (*outline.notes, *notes))

    def _table(self) -> Any:
        """Return the `datasets.Dataset`."""
        package = optional_package("datasets", _EXTRA)
        if not Path(self.path).is_dir():
            raise DataError("the folder does not exist")
        with _reading("a data set that datasets.Dataset.save_to_disk wrote"):
            loaded = package.load_from_disk(self.path)
        table = loaded if isinstance(loaded, package.Dataset) else self._part(loaded)
        if not len(table):
            raise DataError("it has no samples")
        if self.samples_key not in table.features:
            raise self._no_column("samples_key", self.samples_key, table)
        return table.with_format(None)

    def _part(self, parts: Any) -> Any:
        """Return the part of a `datasets.DatasetDict` that `split_name` names."""
        names = list(parts)
        if self.split_name is None and len(names) == 1:
            return parts[names[0]]
        if self.split_name not in names:
            fault = f"no part {self.split_name!r}" if self.split_name else "name a part"
            raise OptionError(
                "split_name", f"{fault}; it has: {', '.join(names)}", self.split_name or "", names
            )
        return parts[self.split_name]

    def _images(self, table: Any) -> EncodedImages | None:
        """Return the samples if they are images."""
        package = optional_package("datasets", _EXTRA)
        if not isinstance(table.features[self.samples_key], package.Image):
            return None
        encoded = table.select_columns([self.samples_key])
        encoded = encoded.cast_column(self.samples_key, package.Image(decode=False))
        return EncodedImages(_ImageFiles(encoded, self.samples_key))

    def _array(self, table: Any) -> np.ndarray:
        """Return the samples (N, *sample_shape) with the type of their column.

        Raises:
            OptionError: they are not numbers, differ in shape, or exceed the free memory.
        """
        dtype = _dtype(table.features[self.samples_key])
        if dtype is None:
            raise self._unusable(f"holds {_described(table.features[self.samples_key])}")
        with _reading("numbers"):
            first = np.asarray(table[0][self.samples_key])
            if (size := _READ_BYTES * first.size * len(table)) > free_memory():
                raise self._unusable(f"takes {gib(size)} of memory")
            rows = table.with_format("numpy", columns=[self.samples_key])[:][self.samples_key]
        for index, row in enumerate(rows):
            if np.shape(row) != first.shape:
                raise self._unusable(
                    f"has samples of different shapes: sample 0 has {first.shape}, and sample "
                    f"{index} {np.shape(row)}"
                )
        return np.asarray(rows).astype(dtype)

    def _labels(self, table: Any) -> tuple[np.ndarray | None, *tuple[str, ...]]:
        """Return labels (N,) int64 or None, and notes."""
        if self.labels_key not in table.features:
            if self.labels_key == _USUAL_LABELS:
                return (None,)
            raise self._no_column("labels_key", self.labels_key, table)
        package = optional_package("datasets", _EXTRA)
        with _reading("labels"):
            labels = table.select_columns([self.labels_key])[:][self.labels_key]
        is_class = isinstance(table.features[self.labels_key], package.ClassLabel)
        n_unlabeled = sum(label is None or (is_class and label == -1) for label in labels)
        if n_unlabeled:
            return (
                None,
                f"{n_unlabeled} of {len(labels)} samples have no class, so the data set has no "
                "labels",
            )
        if all(isinstance(label, str) for label in labels):
            return (np.unique(labels, return_inverse=True)[1].astype(np.int64),)
        if all(isinstance(label, int) for label in labels):
            return (np.array(labels, np.int64),)
        raise OptionError(
            "labels_key",
            f"the column {self.labels_key!r} holds "
            f"{_described(table.features[self.labels_key])}; expected classes, integers or texts",
        )

    def _unusable(self, fault: str) -> OptionError:
        return OptionError(
            "samples_key",
            f"the column {self.samples_key!r} {fault}; expected images, or arrays or lists of "
            "numbers of one shape",
        )

    def _no_column(self, key: str, name: str, table: Any) -> OptionError:
        names = list(table.features)
        return OptionError(key, f"no column {name!r}; it has: {', '.join(names)}", name, names)


class _ImageFiles:
    """The files of images, in memory.

    Args:
        table: a `datasets.Dataset` with a column of encoded images.
        key: the column.
    """

    def __init__(self, table: Any, key: str) -> None:
        self._table, self._key = table, key

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, index: int) -> BytesIO:
        """Return the file of an image; paths and addresses to other places are not followed."""
        content = (self._table[index][self._key] or {}).get("bytes")
        if content is None:
            raise ValueError("the data set does not hold its content")
        return BytesIO(content)


def _dtype(feature: Any) -> np.dtype | None:
    """Return the type of numbers in arrays or nested lists; None if they hold anything else."""
    while hasattr(feature, "feature"):
        feature = feature.feature
    try:
        dtype = np.dtype(getattr(feature, "dtype", None))
    except TypeError:
        return None
    is_class = hasattr(feature, "names")
    return dtype if dtype.kind in "buif" and not is_class else None


def _described(feature: Any) -> str:
    return f"values of type {getattr(feature, 'dtype', type(feature).__name__)}"


@contextmanager
def _reading(kind: str) -> Iterator[None]:
    """Raise errors of the package as a DataError."""
    try:
        yield
    except READING_ERRORS as error:
        raise DataError(f"it cannot be read as {kind} ({error})") from error
