"""Samples of runs as images or as the values of their columns, read from the data sets again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcrf.builder.data_sources import open_raw
from dcrf.config import load_checked
from dcrf.config.file_names import clean_name
from dcrf.config.method_config import DatasetConfig
from dcrf.data.sources.load import documents_of
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DcrfError
from dcrf.pictures.images import are_images, image_urls
from dcrf.report.saved_files import SavedFiles
from dcrf.runs.cluster_files import EXAMPLES
from dcrf.runs.run_folder import CONFIGURATION
from dcrf.safety.numpy_headers import npy_header

_VALUES = 8  # of a row
_CHARACTERS = 160  # of a text


@dataclass(frozen=True, slots=True)
class Drawn:
    """Samples as a page shows them; those of other shapes are in neither.

    images: sample -> data URL.
    rows: sample -> the values of its columns, or the beginning of its text.
    """

    images: Mapping[int, str] = field(default_factory=dict)
    rows: Mapping[int, str] = field(default_factory=dict)


class SampleReader:
    """Reads samples of runs; keeps the last data open, since runs of one page often share them."""

    def __init__(self) -> None:
        self._key, self._raw = "", RawData([], None)

    def read(self, run: SavedFiles, dataset: str, samples: Sequence[int]) -> Drawn:
        """Return samples of a data set; data that cannot be read are noted as a problem.

        Images that the run has saved need no data.
        """
        saved = _saved_images(run, dataset)
        if saved.keys() >= set(samples):
            return Drawn(images=_images({n: saved[n] for n in samples}))
        try:
            config = load_checked(run.folder / CONFIGURATION, check_inputs=False)
            entry = next((e for e in config.datasets if e.name == dataset), None)
            if entry is None:
                return Drawn()
            if texts := _texts(entry, samples):
                return Drawn(rows=texts)
            raw = self._opened(entry)
            values = {n: _array(raw.samples[n]) for n in samples if 0 <= n < len(raw.samples)}
        except (DcrfError, OSError) as error:
            text = f"no images or rows of {dataset}, since its data cannot be read: {error}"
            run.problems.append(text)
            return Drawn()
        if raw.columns is None:
            return Drawn(images=_images(values))
        return Drawn(rows={n: _row(own, raw.columns) for n, own in values.items()})

    def _opened(self, entry: DatasetConfig) -> RawData:
        facts = [entry.source, entry.dataset, entry.options, entry.parts, entry.first, entry.last]
        key = json.dumps(facts, default=str, sort_keys=True)
        if key != self._key:
            self._raw = RawData([], None)  # frees the memory of the data before
            self._key, self._raw = key, open_raw(entry)
        return self._raw


def _texts(entry: DatasetConfig, samples: Sequence[int]) -> dict[int, str]:
    """Return the beginnings of documents, nothing if the samples are not those of documents.

    Raises:
        DataError: they cannot be read.
    """
    if entry.parts or not samples:
        return {}
    first, wanted = entry.first or 0, set(samples)
    documents = documents_of(entry.source, entry.dataset, entry.options) or ()
    return {
        number: shorten(document, _CHARACTERS, placeholder=" ...")
        for number, document in enumerate(islice(documents, first, first + max(wanted) + 1))
        if number in wanted
    }


def _saved_images(run: SavedFiles, dataset: str) -> dict[int, NDArray[np.float32]]:
    """Return the examples of clusters that a run has saved as images, none if they are damaged."""
    name = clean_name(dataset)
    file, table = (run.folder / EXAMPLES / f"{name}{suffix}" for suffix in (".npy", ".csv"))
    examples = run.table(table) if file.is_file() and table.is_file() else None
    if examples is None:
        return {}
    try:
        samples = sorted({int(sample) for sample in examples.column("sample")})
        npy_header(file)
        images = np.load(file, allow_pickle=False).astype(np.float32)
        return dict(zip(samples, images, strict=True))
    except (DcrfError, OSError, ValueError, TypeError) as error:
        run.problems.append(f"{file} is damaged: {error}")
        return {}


def _row(values: NDArray[np.float32], columns: Sequence[str]) -> str:
    """Return the values of a row in their order, of many those that are farthest from 0."""
    flat = values.reshape(-1)
    if len(flat) <= _VALUES:
        places = np.arange(len(flat))
    else:
        places = np.argsort(-np.abs(flat), kind="stable")[:_VALUES]
        places = places[flat[places] != 0]
    texts = [f"{columns[place]} {flat[place]:.3g}" for place in places.tolist()]
    return ", ".join(texts)


def _images(arrays: Mapping[int, NDArray[np.float32]]) -> dict[int, str]:
    """Return a data URL for each image; nothing for samples of other shapes."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for sample, array in arrays.items():
        if are_images(array[np.newaxis]):
            groups.setdefault(array.shape, []).append(sample)
    return {
        sample: url
        for own in groups.values()
        for sample, url in zip(own, image_urls(np.stack([arrays[s] for s in own])), strict=True)
    }


def _array(value: Any) -> NDArray[np.float32]:
    """Return a sample as numbers: (height, width) or (channels, height, width) of an image."""
    if isinstance(value, Image.Image):
        if value.mode in ("1", "L", "I", "F"):
            return np.asarray(value, dtype=np.float32)
        return np.moveaxis(np.asarray(value.convert("RGB"), dtype=np.float32), -1, 0)
    return np.asarray(value, dtype=np.float32)
