"""Read planned batches from memory, or sample by sample in worker processes."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
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
    """Reads the batches of plans."""

    def read(self, plans: Iterable[BatchPlan], names: Iterable[str]) -> Iterator[Batch]:
        """Yield the batch of every plan, with the default view and the named views."""
        ...

    def read_view(self, plan: BatchPlan, name: str) -> Tensor:
        """Return (n, *shape): one view of the samples of a plan."""
        ...


class MemoryReader:
    """Reads from a tensor of all samples, which stays on the CPU or in its file.

    Every batch is a copy, so modifying a batch does not change the samples.

    Args:
        samples: (N, C, H, W) uint8 images, or (N, *sample_shape) float32, with any strides.
        views: by name, with the default view under `DEFAULT_VIEW`.
        device: the device of the batches and of transforms for whole batches.
    """

    def __init__(
        self, samples: Tensor, views: Mapping[str, View], device: torch.device | str
    ) -> None:
        self._samples, self._views, self._device = samples, views, device
        self._fixed_views: dict[str, Tensor | None] = {}

    def read(self, plans: Iterable[BatchPlan], names: Iterable[str]) -> Iterator[Batch]:
        """Yield the batch of every plan."""
        names = set(names)
        for plan in plans:
            views = {name: self.read_view(plan, name) for name in names | {DEFAULT_VIEW}}
            yield _batch(plan.indices.to(self._device), views)

    def read_view(self, plan: BatchPlan, name: str) -> Tensor:
        """Return (n, *shape): one view of the samples of a plan."""
        view = self._views[name]
        if view.is_batched:
            samples = _rows(self._samples, plan.indices).to(self._device)
            return view.transform_batch(
                samples, (plan.purpose, plan.clock.epoch, plan.clock.iteration)
            )
        if name not in self._fixed_views:
            self._fixed_views[name] = None if view.is_random else self._transform_all(view)
        if (values := self._fixed_views[name]) is not None:
            return _rows(values, plan.indices).to(self._device)
        return _stack_views(self._samples, view, plan).to(self._device)

    def _transform_all(self, view: View) -> Tensor | None:
        """Return a fixed view of all samples, or None if it exceeds the memory budget."""
        example = view.transform_sample(self._samples[0], ())
        if example.nbytes * len(self._samples) > SAMPLES_IN_MEMORY_BYTES:
            return None
        values = torch.empty(len(self._samples), *example.shape, dtype=example.dtype)
        for index in range(len(self._samples)):
            values[index] = view.transform_sample(self._samples[index], ())
        return values


class StreamReader:
    """Decodes samples on demand in the workers of torch's DataLoader.

    Random draws depend on the sample and the epoch, not on the number of workers.

    Args:
        samples: lazy samples.
        views: by name, with the default view under `DEFAULT_VIEW`.
        loading: workers and device.
        ids: names of the samples for errors.
    """

    def __init__(
        self,
        samples: Samples,
        views: Mapping[str, View],
        loading: Loading,
        ids: Sequence[str] | None = None,
    ) -> None:
        self._samples, self._views, self._loading, self._ids = samples, views, loading, ids
        self._device = torch.device(loading.device)

    def read(self, plans: Iterable[BatchPlan], names: Iterable[str]) -> Iterator[Batch]:
        """Yield the batch of every plan, with the default view and the named views.

        Raises:
            DataError: a sample cannot be decoded or transformed, or shapes differ in a batch.
        """
        views = (DEFAULT_VIEW, *{*names} - {DEFAULT_VIEW})
        for item in self._load((plan, views) for plan in plans):
            indices, values = _raise_error(item)
            yield _batch(indices.to(self._device), self._to_device(values))

    def read_view(self, plan: BatchPlan, name: str) -> Tensor:
        """Return (n, *shape): one view of the samples of a plan, read by all workers at once.

        Raises:
            DataError: as in `read`.
        """
        parts = [(part, (name,)) for part in plan.split(max(self._loading.num_workers, 1))]
        self._requests.extend(parts)
        items = (item for item in self._answers if item is not None)
        values = [_raise_error(item)[1][name] for item in islice(items, len(parts))]
        return self._to_device({name: torch.cat(values)})[name]

    @cached_property
    def _requests(self) -> deque["_Request"]:
        return deque()

    @cached_property
    def _answers(self) -> Iterator[Any]:
        """An endless loader of the requests. Workers stay idle until a request comes."""
        return iter(self._load(_when_requested(self._requests)))

    def _load(self, requests: Iterable["_Request | None"]) -> DataLoader:
        return DataLoader(
            _PlannedBatches(self._samples, self._views, self._ids),
            batch_size=None,  # an item is a whole batch already
            sampler=requests,
            num_workers=self._loading.num_workers,
            pin_memory=self._loading.pin_memory and self._device.type == "cuda",
            collate_fn=_unchanged,
            generator=torch.Generator(),  # leaves torch's global generator unchanged
        )

    def _to_device(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {k: v.to(self._device, non_blocking=True) for k, v in values.items()}


_Request = tuple[BatchPlan, Sequence[str]]
"""A plan, and the names of the views to read."""


def _when_requested(requests: deque[_Request]) -> Iterator[_Request | None]:
    """Yield requests as they come, and None while there are none.

    A DataLoader asks for the plans of its next items ahead of time.
    """
    while True:
        yield requests.popleft() if requests else None


class _PlannedBatches(Dataset):
    """Item (plan, names) is the batch of that plan: the indices, and the samples by view."""

    def __init__(
        self, samples: Samples, views: Mapping[str, View], ids: Sequence[str] | None
    ) -> None:
        self._samples, self._views, self._ids = samples, views, ids

    def __getitem__(
        self, request: _Request | None
    ) -> tuple[Tensor, dict[str, Tensor]] | DataError | None:
        """Return the batch, or an error, since one raised in a worker contains a traceback."""
        if request is None:
            return None
        plan, names = request
        try:
            samples = {i: read_sample(self._samples, i) for i in plan.indices.tolist()}
            values = {
                name: _stack_views(samples, self._views[name], plan, self._ids) for name in names
            }
        except DataError as error:
            return error
        return plan.indices, values


def _rows(samples: Tensor, indices: Tensor) -> Tensor:
    """Return a contiguous copy of the samples at `indices`, for any strides.

    `samples[indices]` returns the same and takes 2 to 15 times as long.
    """
    return samples.index_select(0, indices)


def _stack_views(
    samples: Any, view: View, plan: BatchPlan, ids: Sequence[str] | None = None
) -> Tensor:
    """Return (n, *shape): the view of each sample of the plan. `samples[i]` is sample i."""

    def name(index: int) -> str:
        return f"sample {index}" if ids is None else f"sample {index} ({ids[index]})"

    values: list[Tensor] = []
    for index, draw in zip(plan.indices.tolist(), plan.draws(), strict=True):
        try:
            value = view.transform_sample(samples[index], draw)
        except DataError as error:
            raise DataError(f"{name(index)}: {error}") from error
        if values and value.shape != values[0].shape:
            raise DataError(
                f"{name(index)} has the shape {tuple(value.shape)} and "
                f"{name(int(plan.indices[0]))} {tuple(values[0].shape)}; all must have one shape: "
                'resize images with {"type": "Resize", "size": [height, width]} in the transforms, '
                "and convert them to one mode"
            )
        values.append(value)
    return torch.stack(values)


def _batch(indices: Tensor, views: dict[str, Tensor]) -> Batch:
    named = {name: value for name, value in views.items() if name != DEFAULT_VIEW}
    return Batch(indices, views[DEFAULT_VIEW], named)


def _raise_error(item: Any) -> Any:
    if isinstance(item, DataError):
        raise item
    return item


def _unchanged(item: Any) -> Any:
    return item
