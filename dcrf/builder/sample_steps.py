"""Steps that all samples of a data set go through once, before any view."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn

from dcrf.builder.components import build_entry
from dcrf.clusterings.base import parts_of
from dcrf.clusterings.steps.base import Transformation
from dcrf.config.method_config import Options
from dcrf.data.decoding import decode_all
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import ClusteringError, DataError, counted, first_line
from dcrf.safety.limits import SAMPLES_IN_MEMORY_BYTES
from dcrf.schema.registry import CLUSTERING_STEPS


def fit_steps(
    entries: Sequence[Options], raw: RawData, generator: Generator, num_workers: int = 0
) -> nn.Module | None:
    """Return the steps of these entries, fitted one after another to samples; None without any.

    Raises:
        DataError: the samples do not fit into memory, differ in shape, or do not fit a step.
    """
    if not entries:
        return None
    fitted: list[nn.Module] = []
    rows = decoded(raw, num_workers).flatten(1)
    for step in build_steps(entries):
        try:
            step.width(len(rows), rows.shape[1])
            fitted.append(step.fit(rows, generator))
            rows = _transformed(rows, fitted[-1])
        except ClusteringError as error:
            raise DataError(f"steps: {error}") from error
    return nn.Sequential(*fitted)


def build_steps(entries: Sequence[Options]) -> tuple[Transformation, ...]:
    """Build the steps of entries, unfitted."""
    steps: tuple[Transformation, ...] = build_entry(CLUSTERING_STEPS, entries)
    return steps


def unfitted_steps(entries: Sequence[Options]) -> nn.Module | None:
    """Return steps that can load the values of fitted ones; None without any."""
    return nn.Sequential(*(step.unfitted() for step in build_steps(entries))) if entries else None


def apply_steps(steps: nn.Module | None, raw: RawData, num_workers: int = 0) -> RawData:
    """Return samples that have gone through fitted steps, float32 in memory.

    They keep their shape if the steps keep the number of values of a sample.

    Raises:
        DataError: as in `fit_steps`.
    """
    if steps is None:
        return raw
    samples = decoded(raw, num_workers)
    try:
        rows = _transformed(samples.flatten(1), steps)
    except ClusteringError as error:
        raise DataError(f"steps: {error}") from error
    except RuntimeError as error:
        n_values = counted(samples[0].numel(), "value")
        reason = f"the samples have {n_values}, those to which they were fitted another number"
        raise DataError(f"steps: {reason} ({first_line(error)})") from error
    keeps_shape = rows.shape[1] == samples[0].numel()
    return replace(raw, samples=rows.view_as(samples) if keeps_shape else rows, files=())


def _transformed(rows: Tensor, step: nn.Module) -> Tensor:
    with torch.no_grad():
        return torch.cat([step(rows[part]) for part in parts_of(torch.arange(len(rows)))])


def decoded(raw: RawData, num_workers: int = 0) -> Tensor:
    """Return samples as one tensor (N, *sample_shape) float32; images are numbers in [0, 1].

    Raises:
        DataError: the samples do not fit into memory, or differ in shape.
    """
    samples = decode_all(raw.samples, SAMPLES_IN_MEMORY_BYTES, num_workers)
    if samples is None:
        raise DataError(
            "steps need samples of one shape that fit into memory; these do not: remove steps"
        )
    return samples.float() / 255 if samples.dtype == torch.uint8 else samples.float()
