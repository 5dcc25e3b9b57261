"""A digest of raw data, by which other data are told from those that a run began with."""

import hashlib
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from dcrf.data.decoding import read_sample
from dcrf.data.sources.raw_data import RawData, Samples
from dcrf.safety.limits import FINGERPRINT_BYTES

_DECODED = 64
_ROWS = 4096


def digest(raw: RawData) -> dict[str, int | str | None]:
    """Return the number of samples, and sha256 sums of samples and labels.

    Of a tensor of more than `FINGERPRINT_BYTES`, evenly spaced samples of about that size are
    looked at; of samples that are decoded when they are asked for, `_DECODED` evenly spaced ones.

    Raises:
        DataError: a sample cannot be decoded.
    """
    labels = None if raw.labels is None else _sum([str(raw.labels.dtype).encode(), raw.labels])
    return {"samples": len(raw.samples), "sha256": _sum(_parts(raw.samples)), "labels": labels}


def _parts(samples: Samples) -> Iterable[bytes | np.ndarray]:
    if not isinstance(samples, Tensor):
        for index in _evenly_spaced(len(samples), _DECODED):
            yield from _described(read_sample(samples, index))
        return
    yield f"{samples.dtype} {tuple(samples.shape[1:])}".encode()
    size = max(1, samples[:1].nbytes)
    chosen = torch.tensor(_evenly_spaced(len(samples), FINGERPRINT_BYTES // size))
    for rows in chosen.split(max(1, _ROWS * 1024 // size)):
        yield samples[rows].cpu().numpy()


def _described(sample: object) -> tuple[bytes, np.ndarray]:
    values = sample.cpu().numpy() if isinstance(sample, Tensor) else np.asarray(sample)
    return f"{type(sample).__name__} {values.dtype} {values.shape}".encode(), values


def _evenly_spaced(size: int, most: int) -> list[int]:
    return np.linspace(0, size - 1, max(1, min(size, most))).astype(np.int64).tolist()


def _sum(parts: Iterable[bytes | np.ndarray]) -> str:
    made = hashlib.sha256()
    for part in parts:
        made.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes())
    return made.hexdigest()
