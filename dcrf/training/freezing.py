"""Keep modules as they are while a phase trains others."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Keep modules as they are inside the block: their parameters, and BatchNorm's statistics.

    Their parameters get no gradient. They stay in evaluation mode, also if a module around them is
    set to training mode: BatchNorm uses its statistics without updating them, and Dropout keeps all
    units. Afterwards all is as it was before.
    """
    inner = [module for outer in modules for module in outer.modules()]
    modes = [module.training for module in inner]
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    for module in inner:
        module.eval()
    for module in inner:
        module.train = lambda mode=True, own=module: own  # type: ignore[method-assign, misc]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for module, mode in zip(inner, modes, strict=True):
            vars(module).pop("train", None)
            module.training = mode
        for parameter in parameters:
            parameter.requires_grad_(True)
