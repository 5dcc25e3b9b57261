"""Run modules without a change of the running statistics of BatchNorm."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from dcrf.mappings.mapping import TrainableMapping

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


@contextmanager
def running_statistics_kept(module: nn.Module) -> Iterator[None]:
    """Keep the running statistics of BatchNorm in a module and its prior mappings.

    In training mode, batches inside the block are normalized by their own statistics, which do not
    enter the running ones. An evaluation then normalizes by statistics of unperturbed samples.
    """
    layers = {layer for layer in _modules(module) if isinstance(layer, _BATCH_NORMS)}
    tracking = [layer for layer in layers if layer.track_running_stats]
    for layer in tracking:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in tracking:
            layer.track_running_stats = True


def _modules(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules within a module, also those of prior mappings, which it only refers to."""
    for part in module.modules():
        yield part
        if isinstance(part, TrainableMapping) and part.prior is not None:
            yield from _modules(part.prior)
