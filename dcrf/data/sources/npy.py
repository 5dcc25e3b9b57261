"""The source `npy`: one array in a file of numpy, which may be larger than the memory."""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import numpy as np

from dcrf.data.sources.arrays import (
    check_ids,
    ids_list,
    is_image_array,
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
from dcrf.errors import DataError
from dcrf.safety.limits import SAMPLES_IN_MEMORY_BYTES
from dcrf.safety.numpy_headers import npy_header, reading


@dataclass(frozen=True, slots=True)
class Npy:
    """An array in an `.npy` file, and labels and ids in other ones.

    Images (uint8, shapes as in `Npz`) and float32 are mapped: a batch reads its samples from the
    file. Samples of other types become float32 in memory.

    dataset: the name for errors.
    path: the file of the samples.
    labels_path: the file of the labels, (N,) integers.
    ids_path: the file of the names of samples, (N,) texts or integers.
    """

    dataset: str
    _: KW_ONLY
    path: str
    labels_path: str | None = None
    ids_path: str | None = None

    def open(self) -> RawData:
        """Map or read the samples, and read labels and ids.

        Raises:
            DataError: a file is missing or not data, or samples would take more than
                `SAMPLES_IN_MEMORY_BYTES` as float32.
        """
        with naming(f"data set {self.dataset} in {self.path}"):
            array = _read(Path(self.path), mapped=True)
            is_mapped = array.dtype == np.float32 or is_image_array(array)
            if not is_mapped and 4 * array.size > SAMPLES_IN_MEMORY_BYTES:
                raise DataError(
                    f"samples of type {array.dtype} would take {array.size / 2**28:.1f} GiB of "
                    "memory as float32; save them as float32, which is not read into memory"
                )
            samples = samples_tensor(array)
        notes = notes_on(array)
        labels = ids = None
        if self.labels_path is not None:
            with naming(f"data set {self.dataset}, labels in {self.labels_path}"):
                array = _read(Path(self.labels_path), mapped=False)
                labels = labels_array(array, len(samples))
        if self.ids_path is not None:
            with naming(f"data set {self.dataset}, ids in {self.ids_path}"):
                ids = ids_list(_read(Path(self.ids_path), mapped=False), len(samples))
        return RawData(samples, labels, notes, [self.path], ids)

    def outline(self) -> Outline:
        """Return the outline that the headers of the files give.

        Raises:
            OptionError: a file is missing or not data.
        """
        with naming_option("path", self.path):
            outline = outline_of_arrays(npy_header(Path(self.path)))
        if self.ids_path is not None:
            with naming_option("ids_path", self.ids_path):
                check_ids(npy_header(Path(self.ids_path)), outline.n_samples or 0)
        if self.labels_path is None:
            return outline
        with naming_option("labels_path", self.labels_path):
            return with_labels(outline, npy_header(Path(self.labels_path)))


def _read(path: Path, mapped: bool) -> np.ndarray:
    """Read an array, or map it read-only: mapped copy-on-write, it could not exceed the memory."""
    npy_header(path)
    with reading("a plain array"):
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
