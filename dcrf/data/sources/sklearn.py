"""The source `sklearn`: data sets that are part of scikit-learn, scaled to [0, 1]."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn import datasets

from dcrf.data.sources.outline import Outline, examples_of
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError

_HIGHEST_LEVEL = 16  # of a pixel of `load_digits`


class _Bundled(NamedTuple):
    load: Callable[..., Any]
    n_samples: int
    shape: tuple[int, ...]


_BUNDLED: Mapping[str, _Bundled] = MappingProxyType(
    {
        "load_digits": _Bundled(datasets.load_digits, 1797, (1, 8, 8)),
        "load_breast_cancer": _Bundled(datasets.load_breast_cancer, 569, (30,)),
        "load_iris": _Bundled(datasets.load_iris, 150, (4,)),
        "load_wine": _Bundled(datasets.load_wine, 178, (13,)),
    }
)


@dataclass(frozen=True, slots=True)
class Sklearn:
    """A bundled data set of scikit-learn, as float32 in [0, 1].

    `load_digits` has images (1797, 1, 8, 8), divided by 16. The others are tables (N, d), whose
    columns are shifted and scaled to the range from 0 to 1.

    dataset: the name of a function in `sklearn.datasets`.
    """

    dataset: str

    def open(self) -> RawData:
        """Return samples and labels.

        Raises:
            DataError: scikit-learn does not bundle the data set.
        """
        bundled = self._bundled()
        table, labels = bundled.load(return_X_y=True)
        scaled = table / _HIGHEST_LEVEL if self.dataset == "load_digits" else _scaled(table)
        samples = torch.from_numpy(scaled).float().reshape(-1, *bundled.shape)
        return RawData(samples, labels.astype(np.int64))

    def outline(self) -> Outline:
        """Return the outline, which is part of this module.

        Raises:
            DataError: scikit-learn does not bundle the data set.
        """
        bundled = self._bundled()
        return Outline(bundled.n_samples, examples_of(bundled.shape, torch.float32), True)

    def _bundled(self) -> _Bundled:
        if self.dataset not in _BUNDLED:
            known = ", ".join(_BUNDLED)
            raise DataError(
                f"scikit-learn does not bundle a data set {self.dataset}; known are: {known}"
            )
        return _BUNDLED[self.dataset]


def _scaled(table: np.ndarray) -> np.ndarray:
    low, high = table.min(axis=0), table.max(axis=0)
    return (table - low) / np.where(high > low, high - low, 1)
