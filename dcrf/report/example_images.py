"""Images of samples of a run, read from its data sets again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcrf.builder.data_sources import open_raw
from dcrf.config import load_checked
from dcrf.errors import DcrfError
from dcrf.pictures.images import are_images, image_urls
from dcrf.report.saved_files import SavedFiles
from dcrf.runs.run_folder import CONFIGURATION

Images = Callable[[str, Sequence[int]], Mapping[int, str]]
"""Takes the name of a data set and samples; returns sample -> data URL of those with an image."""


def images_of(run: SavedFiles) -> Images:
    """Return a function that reads images of the data sets of a run.

    Data that cannot be read have no images, which is noted as a problem.
    """

    def read(dataset: str, samples: Sequence[int]) -> Mapping[int, str]:
        try:
            config = load_checked(run.folder / CONFIGURATION, check_inputs=False)
            entry = next((e for e in config.datasets if e.name == dataset), None)
            if entry is None or not samples:
                return {}
            values = open_raw(entry).samples
            return _urls({n: values[n] for n in samples if 0 <= n < len(values)})
        except (DcrfError, OSError) as error:
            run.problems.append(f"no images of {dataset}, since its data cannot be read: {error}")
            return {}

    return read


def _urls(samples: Mapping[int, Any]) -> dict[int, str]:
    """Return sample -> data URL; nothing for samples that are no images."""
    arrays = {sample: _array(value) for sample, value in samples.items()}
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
