"""Run modules in evaluation mode in the middle of training."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Set a module to evaluation mode inside the block, and back to its mode afterwards.

    Dropout keeps all units then, and BatchNorm uses its statistics without updating them.
    """
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)
