"""Run modules in evaluation mode in the middle of training."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


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
