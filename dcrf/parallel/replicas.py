"""Parameters and buffers that every process of a run has."""

import hashlib

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from dcrf.errors import ProcessError
from dcrf.parallel.world import current


def share_state(module: nn.Module) -> None:
    """Give a module of every process the state that it has in the first one."""
    world = current()
    if world is None:
        return
    state = module.state_dict() if world.rank == 0 else {}
    sent = {name: v.cpu() if isinstance(v, Tensor) else v for name, v in state.items()}
    received = world.from_first(sent)
    if world.rank > 0:
        module.load_state_dict(received)


def check_equal(module: nn.Module) -> None:
    """Check that all processes have the same parameters and buffers.

    Raises:
        ProcessError: they differ.
    """
    world = current()
    if world is not None and not world.are_equal(_digest(module)):
        raise ProcessError(
            "the processes of this run have different parameters; their devices compute different "
            "numbers: run them on devices of one kind, or resume with one process"
        )


def _digest(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for tensor in (*module.parameters(), *module.buffers()):
        if not is_lazy(tensor):
            values = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(values.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
