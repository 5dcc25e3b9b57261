"""Run modules in evaluation mode in the middle of training."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from dcrf.mappings.mapping import TrainableMapping


@contextmanager
def evaluation_mode(*modules: nn.Module) -> Iterator[None]:
    """Set modules to evaluation mode inside the block, and back to their modes afterwards.

    Dropout keeps all units then, and BatchNorm uses its statistics without updating them.
    """
    were_training = [module.training for module in modules]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module, was_training in zip(modules, were_training, strict=True):
            module.train(was_training)


@contextmanager
def frozen(mapping: TrainableMapping) -> Iterator[None]:
    """Run a mapping and its prior mappings in evaluation mode and without gradient in the block.

    Afterwards, each of their modules has the mode that it had before.
    """
    modes = {module: module.training for module in _chain(mapping)}
    for module in modes:
        module.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _chain(mapping: TrainableMapping) -> Iterator[nn.Module]:
    """Yield the modules of the mapping and of its prior mappings."""
    yield from mapping.modules()
    if mapping.prior is not None:
        yield from _chain(mapping.prior)
