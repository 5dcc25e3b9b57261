"""Compute the features of images by a network, and write them with their provenance."""

from collections.abc import Callable, Iterator
from datetime import date
from glob import escape
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as TF

from dcrf.data.decoding import read_sample
from dcrf.data.fingerprint import fingerprint
from dcrf.data.sources.provenance import (
    Provenance,
    features_sha256,
    provenance_file,
    read_provenance,
    write_provenance,
)
from dcrf.data.sources.raw_data import RawData
from dcrf.embedding.networks import Network
from dcrf.errors import DataError, status_of
from dcrf.storage.atomic_files import remove_temporary_files, replacing
from dcrf.storage.digests import digest
from dcrf.storage.npy_rows import NpyRows

_IMAGE_AXES = 3
_GRAY, _WITH_ALPHA = 1, 4  # channels


def embed(
    images: RawData,
    origin: str,
    network: Network,
    file: Path,
    *,
    batch_size: int,
    device: str,
    progress: Callable[[int], object],
) -> tuple[Provenance, bool]:
    """Write features (N, d) of images, their labels and ids, and their provenance.

    Files of the same images, network and parameters stay as they are. Memory does not grow with N.

    Args:
        images: N images.
        origin: where they come from, in words.
        network: maps images to features.
        file: of the features, an `.npy` file.
        batch_size: number of images in a pass of the network.
        device: a torch device name.
        progress: takes the number of images that are done since its last call.

    Returns:
        The provenance, and whether the features were already there.

    Raises:
        DataError: a sample is not an image, or the network fails on it.
        OSError: a file cannot be written.
    """
    source = _data_sha256(images)
    weights = network.weights_sha256()
    existing = read_provenance(file)
    if existing is not None and _is_current(existing, file, network, weights, source):
        return existing, True
    remove_temporary_files(file.parent, escape(file.name))
    network.module.to(device)
    batches = feature_batches(images, network, batch_size, device)
    with replacing(file) as stream:
        n_features = _write_batches(batches, len(images.samples), stream, progress)
        # the provenance vouches for all other files: removed before they change, written last
        provenance_file(file).unlink(missing_ok=True)
    labels, ids = _write_labels_and_ids(images, file)
    provenance = Provenance(
        model=network.name,
        package=network.package,
        weights=network.weights,
        weights_sha256=weights,
        may_have_seen_labels=network.is_pretrained,
        preprocessing=network.preprocessing,
        data=origin,
        data_sha256=source,
        n_samples=len(images.samples),
        n_features=n_features,
        features_sha256=features_sha256(_mapped(file)),
        device=device,
        date=f"{date.today():%Y-%m-%d}",
        labels=labels,
        ids=ids,
    )
    write_provenance(provenance, file)
    return provenance, False


def feature_batches(
    images: RawData, network: Network, batch_size: int, device: str
) -> Iterator[Tensor]:
    """Yield the features (n, d) float32 of all images on the CPU, in batches of n.

    Raises:
        DataError: a sample is not an image, or the network fails on it.
    """
    n_samples = len(images.samples)
    for start in range(0, n_samples, batch_size):
        stop = min(start + batch_size, n_samples)
        batch = torch.stack([_preprocessed(images, i, network) for i in range(start, stop)])
        try:
            with torch.inference_mode():
                features = network.features(batch.to(device)).flatten(1).float().cpu()
        except RuntimeError as error:
            if status_of(error) != "out of memory":
                raise
            remedy = f"it was {batch_size}"
            raise DataError(f"memory is exhausted; use a smaller --batch_size, {remedy}") from error
        if not features.isfinite().all():
            place = f"of the samples {start} to {stop - 1}"
            raise DataError(f"features {place} are not finite; are the parameters complete?")
        yield features


def _preprocessed(images: RawData, index: int, network: Network) -> Tensor:
    """Return an image as the network takes it, (3, h, w)."""
    try:
        return network.preprocess(_as_rgb(read_sample(images.samples, index)))
    except DataError as error:
        name = f"{index}" if images.ids is None else f"{index} ({images.ids[index]})"
        raise DataError(f"sample {name}: {error}") from error


def _as_rgb(sample: Image.Image | Tensor) -> Image.Image:
    """Return a sample as an RGB image of 8 bits.

    Raises:
        DataError: it is neither an image, nor (C, H, W) with 1, 3 or 4 channels in [0, 1].
    """
    if isinstance(sample, Tensor):
        if sample.ndim != _IMAGE_AXES or not _GRAY <= len(sample) <= _WITH_ALPHA:
            raise DataError(
                f"it has the shape {tuple(sample.shape)}, and networks embed images, (C, H, W)"
            )
        if sample.is_floating_point() and not (sample.min() >= 0 and sample.max() <= 1):
            span = f"from {sample.min():g} to {sample.max():g}"
            raise DataError(f"it has values {span}; images of float32 have values from 0 to 1")
        image: Image.Image = TF.to_pil_image(sample)
        return image.convert("RGB")
    return sample.convert("RGB")


def _write_batches(
    batches: Iterator[Tensor], n_samples: int, stream: BinaryIO, progress: Callable[[int], object]
) -> int:
    """Write features (n_samples, d) batch by batch; return d."""
    rows, n_features = NpyRows(stream, n_samples), 0
    for batch in batches:
        rows.write(batch.numpy())
        n_features = batch.shape[1]
        progress(len(batch))
    return n_features


def _write_labels_and_ids(images: RawData, file: Path) -> tuple[str | None, str | None]:
    """Write labels and ids beside the features; return the names of the files, None without."""
    arrays = {
        "labels": images.labels,
        "ids": None if images.ids is None else np.array(list(images.ids), dtype=np.str_),
    }
    names: dict[str, str | None] = {}
    for kind, array in arrays.items():
        path = file.with_name(f"{file.stem}_{kind}.npy")
        names[kind] = None if array is None else path.name
        if array is not None:
            with replacing(path) as stream:
                np.save(stream, array, allow_pickle=False)
    return names["labels"], names["ids"]


def _is_current(
    existing: Provenance, file: Path, network: Network, weights: str, source: str
) -> bool:
    """Whether a provenance is that of the same images, network and parameters, with its files."""
    wanted = network.name, network.package, network.preprocessing, weights, source
    has = existing.model, existing.package, existing.preprocessing, existing.weights_sha256
    if (*has, existing.data_sha256) != wanted:
        return False
    beside = [file.with_name(name) for name in (existing.labels, existing.ids) if name]
    if not all(path.is_file() for path in (file, *beside)):
        return False
    try:
        return features_sha256(_mapped(file)) == existing.features_sha256
    except (OSError, ValueError):
        return False


def _mapped(file: Path) -> Tensor:
    """Return the features in a file without reading them."""
    return torch.from_numpy(np.load(file, mmap_mode="c", allow_pickle=False))


def _data_sha256(images: RawData) -> str:
    """Return the digest of the fingerprint of images, their labels and files."""
    values = fingerprint(images.samples, images.labels, images.files)
    return digest(dict(values))
