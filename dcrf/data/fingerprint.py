"""Fingerprints of data sets, which tell a resumed run whether its data have changed."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dcrf.data.decoding import read_sample
from dcrf.data.sources.raw_data import Samples
from dcrf.randomness import random_indices
from dcrf.safety.limits import FINGERPRINT_BYTES

Fingerprint = Mapping[str, int | str | None]

VERSION = 2
"""Of the algorithm. Fingerprints of different versions are never equal."""

_DECODED = 256  # samples; pictures of 224 x 224 pixels take about a second
_BYTES_AT_A_TIME = 2**22

_DESCRIPTIONS = {
    "version": "their fingerprint was computed by another version of dcrf",
    "samples": "there were {before} samples, now {now}",
    "content": "the samples differ",
    "labels": "the labels differ",
    "targets": "the side targets differ",
    "files": "the name, size or modification time of a file differs",
}


def fingerprint(
    samples: Samples,
    labels: np.ndarray | None = None,
    files: Sequence[str | Path] = (),
    targets: np.ndarray | None = None,
) -> Fingerprint:
    """Return the version, the number of samples, and sha256 sums of their content and the others.

    The content is that of all samples, if they are a tensor of at most `FINGERPRINT_BYTES`.
    Otherwise it is that of a random sub-sample: rows of a tensor up to `FINGERPRINT_BYTES`, or 256
    decoded samples. Then the names, sizes and modification times of all files count as well.

    Args:
        samples: a tensor (N, *sample_shape), or lazily decoded samples.
        labels: (N,) classes.
        files: the files that hold the samples, if known.
        targets: side targets, (N,) or (N, d).

    Raises:
        DataError: a sample cannot be decoded.
    """
    is_read_whole = isinstance(samples, Tensor) and samples.nbytes <= FINGERPRINT_BYTES
    return {
        "version": VERSION,
        "samples": len(samples),
        "content": _sha256(_contents(samples)),
        "labels": None if labels is None else _sha256([labels]),
        "targets": None if targets is None else _sha256([targets]),
        "files": None if is_read_whole or not files else _sha256(_file_states(files)),
    }


def differences(before: Fingerprint, now: Fingerprint) -> list[str]:
    """Return a phrase for each entry in which two fingerprints differ; empty if they are equal."""
    if before.get("version") != now["version"]:
        return [_DESCRIPTIONS["version"]]
    return [
        _DESCRIPTIONS[name].format(before=before.get(name), now=value)
        for name, value in now.items()
        if before.get(name) != value
    ]


def _contents(samples: Samples) -> Iterator[bytes | np.ndarray]:
    if not isinstance(samples, Tensor):
        for index in random_indices(len(samples), _DECODED):
            sample = read_sample(samples, int(index))
            values = sample.cpu().numpy() if isinstance(sample, Tensor) else np.asarray(sample)
            yield f"{type(sample).__name__} {values.dtype} {values.shape}".encode()
            yield values
        return
    yield f"{samples.dtype} {tuple(samples.shape[1:])}".encode()
    row_bytes = max(1, samples[:1].nbytes)
    indices = random_indices(len(samples), max(1, FINGERPRINT_BYTES // row_bytes))
    for part in torch.from_numpy(indices).split(max(1, _BYTES_AT_A_TIME // row_bytes)):
        yield samples[part].cpu().numpy()


def _file_states(files: Sequence[str | Path]) -> Iterator[bytes]:
    """Yield each file's path below their common folder, its size and its modification time."""
    paths = [Path(file).absolute() for file in files]
    folder = os.path.commonpath(paths)
    for path in paths:
        try:
            status = path.stat()
            size_and_time = f"{status.st_size} {status.st_mtime_ns}"
        except OSError:
            size_and_time = "unreadable"
        name = str(path).removeprefix(folder)
        yield os.fsencode(f"{name}\0{size_and_time}\0")


def _sha256(parts: Iterable[bytes | np.ndarray]) -> str:
    checksum = hashlib.sha256()
    for part in parts:
        checksum.update(part if isinstance(part, bytes) else part.tobytes())
    return checksum.hexdigest()
