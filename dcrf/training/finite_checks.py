"""Losses, gradients and parameters that are infinite or no numbers any more."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import get_total_norm

from dcrf.errors import DivergedError

_REMEDY = "a smaller learning rate or loss weight may help"


def check_losses(losses: Mapping[str, Tensor], iteration: int) -> None:
    """Raise DivergedError for the first loss that is infinite or not a number."""
    if not losses or torch.stack([loss.detach() for loss in losses.values()]).isfinite().all():
        return
    name, value = next((n, v.item()) for n, v in losses.items() if not v.isfinite())
    raise DivergedError(f"{name} is {value} in iteration {iteration}; {_REMEDY}")


def gradient_error(iteration: int, guilty: Iterable[str] = ()) -> DivergedError:
    """Return the error for gradients that are not finite, of these losses as far as is known."""
    names = " and ".join(guilty) or "the losses together"
    found = f"the gradient of {names} is not finite in iteration {iteration}"
    return DivergedError(f"{found}; {_REMEDY}")


def check_parameters(method: nn.Module) -> None:
    """Raise DivergedError where a parameter is infinite or not a number."""
    if not are_finite(p for p in method.parameters() if not is_lazy(p)):
        raise DivergedError(f"parameters are not finite any more; {_REMEDY}")


def are_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all their values are finite, by their norm, which is much faster than by each."""
    found = [tensor.detach() for tensor in tensors]
    # the norm of finite values may overflow, so that these are looked at one by one
    return bool(get_total_norm(found).isfinite()) or all(t.isfinite().all() for t in found)
