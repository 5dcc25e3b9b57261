"""The source `npz`: arrays of samples and labels in one file of numpy."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path

import numpy as np

from dcrf.data.sources.arrays import (
    is_like_labels,
    labels_array,
    naming,
    naming_option,
    notes_on,
    outline_of_arrays,
    samples_tensor,
    with_labels,
)
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData
from dcrf.safety.numpy_headers import load_npz, npz_arrays, npz_headers


@dataclass(frozen=True, slots=True)
class Npz:
    """Arrays in an `.npz` file, read into memory.

    Samples of uint8 are images, (N, H, W) or (N, H, W, C) with 1, 3 or 4 channels. They are scaled
    to [0, 1] as `ToTensor` does. All other samples become float32 unscaled.

    dataset: the name for errors.
    path: the file.
    samples_key: name of the array of samples.
    labels_key: name of the array of labels, (N,) integers. An array `labels` may be missing.
    """

    dataset: str
    _: KW_ONLY
    path: str
    samples_key: str = "samples"
    labels_key: str = "labels"

    def open(self) -> RawData:
        """Read samples and labels.

        Raises:
            DataError: the file or an array is missing, is not data, or exceeds the free memory.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            arrays = self._read()
            samples = samples_tensor(arrays[self.samples_key]).contiguous()
            notes = (*notes_on(arrays[self.samples_key]), *self._notes_on_labels(arrays))
            if self.labels_key not in arrays:
                return RawData(samples, None, notes)
            labels = labels_array(arrays[self.labels_key], len(samples))
            return RawData(samples, labels, notes)

    def outline(self) -> Outline:
        """Return the outline that the headers in the file give.

        Raises:
            OptionError: the file or an array is missing, or is not data.
        """
        with naming_option("path", self.path):
            headers = self._headers()
            outline = outline_of_arrays(headers[self.samples_key])
            notes = (*outline.notes, *self._notes_on_labels(headers))
        if self.labels_key not in headers:
            return replace(outline, notes=notes)
        with naming_option("labels_key", self.path):
            return with_labels(outline, headers[self.labels_key])

    def _read(self) -> dict[str, np.ndarray]:
        return load_npz(Path(self.path), self._headers())

    def _headers(self) -> Mapping[str, np.ndarray]:
        keys = {"samples_key": self.samples_key, "labels_key": self.labels_key}
        return npz_headers(Path(self.path), keys, may_be_missing=("labels_key", "labels"))

    def _notes_on_labels(self, arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """Return a note if labels seem to be stored under another key."""
        if self.labels_key in arrays:
            return ()
        n_samples = len(arrays[self.samples_key])
        headers = npz_arrays(Path(self.path))
        keys = [key for key, array in headers.items() if is_like_labels(array, n_samples)]
        if not keys:
            return ()
        return (
            f'{self.path} has no array "labels", so the data set has no labels; to use another '
            f'array as labels, write "labels_key": "{keys[0]}", for dcrf run --labels {keys[0]}'
            + (f" (or {', '.join(keys[1:])})" if keys[1:] else ""),
        )
