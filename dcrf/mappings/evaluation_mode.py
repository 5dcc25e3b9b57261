"""Run modules in evaluation mode in the middle of training."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from dcrf.mappings.mapping import TrainableMapping


@contextmanager
def evaluation_mode(*modules: nn.Module) -> Iterator[None]:
    """Run modules, and prior mappings within them, in evaluation mode in the block.

    Dropout keeps all units then, and BatchNorm uses its statistics without updating them.
    Afterwards, each module has the mode that it had before.
    """
    modes = {inner: inner.training for module in modules for inner in _with_priors(module)}
    for module in modes:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def frozen(mapping: TrainableMapping) -> Iterator[None]:
    """Run a mapping and its prior mappings in evaluation mode and without gradient in the block."""
    with evaluation_mode(mapping), torch.no_grad():
        yield


def _with_priors(module: nn.Module) -> Iterator[nn.Module]:
    """Yield all modules within one, and within the prior mappings of its mappings."""
    for inner in module.modules():
        yield inner
        if isinstance(inner, TrainableMapping):
            _, *priors = inner.chain()
            yield from (part for prior in priors for part in prior.modules())
