"""Make the planned batches: out of memory, or sample by sample through workers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dcrf.batch import Batch
from dcrf.data.batch_order import BatchPlan, Loading
from dcrf.data.decoding import read_sample
from dcrf.data.sources.raw_data import Samples
from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.safety.limits import SAMPLES_IN_MEMORY_BYTES

DEFAULT_VIEW = ""  # a named view has at least one letter


class Reader(Protocol):
    """Makes the batches of plans."""

    def read(self, plans: Iterable[BatchPlan], names: Iterable[str]) -> Iterator[Batch]:
        """Yield the batch of every plan, with the named views besides the default one."""
        ...


class MemoryReader:
    """Reads from a tensor of all samples, which stays on the CPU, or in its file.

    Every batch is a copy, so that nobody writes to the samples.

    Args:
        samples: (N, C, H, W) uint8 images, or (N, *sample_shape) float32; any strides.
        views: by name, with the default view under `DEFAULT_VIEW`.
        device: where batches go. Transforms for whole batches run there.
    """

    def __init__(
        self, samples: Tensor, views: Mapping[str, View], device: torch.device | str
    ) -> None:
        self._samples, self._views, self._device = samples, views, device
        self._kept: dict[str, Tensor | None] = {}

    def read(self, plans: Iterable[BatchPlan], names: Iterable[str]) -> Iterator[Batch]:
        """Yield the batch of every plan."""
        names = set(names)
        for plan in plans:
            made = {name: self._view(name, plan) for name in names | {DEFAULT_VIEW}}
            yield _batch(plan.indices.to(self._device), made)

    def _view(self, name: str, plan: BatchPlan) -> Tensor:
        view = self._views[name]
        if view.is_batched:
            samples = _rows(self._samples, plan.indices).to(self._device)
            return view.transform_batch(
                samples, (plan.purpose, plan.clock.epoch, plan.clock.iteration)
            )
        if name not in self._kept:
            self._kept[name] = None if view.is_random else self._all(view)
        if (kept := self._kept[name]) is not None:
            return _rows(kept, plan.indices).to(self._device)
        return _stack_views(self._samples, view, plan).to(self._device)

    def _all(self, view: View) -> Tensor | None:
        """Return a view that never changes of all samples, or None where that is too large."""
        example = view.transform_sample(self._samples[0], ())
        if example.nbytes * len(self._samples) > SAMPLES_IN_MEMORY_BYTES:
            return None
        made = torch.empty(len(self._samples), *example.shape, dtype=example.dtype)
        for index in range(len(self._samples)):
            made[index] = view.transform_sample(self._samples[index], ())
        return made


class StreamReader:
    """Decodes samples as they are asked for, through the workers of torch's DataLoader.

    Every draw belongs to a sample and an epoch, so the number of workers changes nothing.
    """

    def __init__(self, samples: Samples, views: Mapping[str, View], loading: Loading) -> None:
        self._samples, self._views, self._loading = samples, views, loading

    def read(self, plans: Iterable[BatchPlan], names: Iterable[str]) -> Iterator[Batch]:
        """Yield the batch of every plan.

        Raises:
            DataError: a sample cannot be decoded or transformed, or shapes differ in a batch.
        """
        device = torch.device(self._loading.device)
        views = {name: self._views[name] for name in {DEFAULT_VIEW, *names}}
        loader = DataLoader(
            _PlannedBatches(self._samples, views),
            batch_size=None,  # an item is a whole batch already
            sampler=plans,
            num_workers=self._loading.num_workers,
            pin_memory=self._loading.pin_memory and device.type == "cuda",
            collate_fn=_unchanged,
            generator=torch.Generator(),  # torch's global one is left alone
        )
        for made in loader:
            if isinstance(made, DataError):
                raise made
            indices, values = made
            on_device = {k: v.to(device, non_blocking=True) for k, v in values.items()}
            yield _batch(indices.to(device), on_device)


class _PlannedBatches(Dataset):
    """Item `plan` is the batch of that plan: its indices, and its samples by view."""

    def __init__(self, samples: Samples, views: Mapping[str, View]) -> None:
        self._samples, self._views = samples, views

    def __getitem__(self, plan: BatchPlan) -> tuple[Tensor, dict[str, Tensor]] | DataError:
        """Return the batch, or its error: raised in a worker, it would bring a traceback."""
        try:
            samples = {i: read_sample(self._samples, i) for i in plan.indices.tolist()}
            made = {name: _stack_views(samples, view, plan) for name, view in self._views.items()}
        except DataError as error:
            return error
        return plan.indices, made


def _rows(samples: Tensor, indices: Tensor) -> Tensor:
    """Return a contiguous copy of some samples, whatever the strides of all.

    `samples[indices]` gives the same and takes 2 to 15 times as long.
    """
    return samples.index_select(0, indices)


def _stack_views(samples: Any, view: View, plan: BatchPlan) -> Tensor:
    """Return (n, *shape): the view of each of the plan's samples, `samples[i]` being sample i."""
    made: list[Tensor] = []
    for index in plan.indices.tolist():
        try:
            value = view.transform_sample(samples[index], (plan.purpose, plan.clock.epoch, index))
        except DataError as error:
            raise DataError(f"sample {index}: {error}") from error
        if made and value.shape != made[0].shape:
            raise DataError(
                f"sample {index} has the shape {tuple(value.shape)} and sample "
                f"{int(plan.indices[0])} {tuple(made[0].shape)}; bring all to one size and mode, "
                'for images with {"type": "Resize", "size": [height, width]} in the transforms'
            )
        made.append(value)
    return torch.stack(made)


def _batch(indices: Tensor, made: dict[str, Tensor]) -> Batch:
    named = {name: value for name, value in made.items() if name != DEFAULT_VIEW}
    return Batch(indices, made[DEFAULT_VIEW], named)


def _unchanged(item: Any) -> Any:
    return item
