"""Detect losses, gradients and parameters that are NaN or infinite."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import get_total_norm

from dcrf.errors import DivergedError

_REMEDY = "a smaller learning rate or loss weight may help"


def check_losses(losses: Mapping[str, Tensor], iteration: int) -> None:
    """Raise DivergedError for the first loss that is NaN or infinite."""
    if not losses or torch.stack([loss.detach() for loss in losses.values()]).isfinite().all():
        return
    name, value = next((n, v.item()) for n, v in losses.items() if not v.isfinite())
    raise DivergedError(f"{name} is {value} in iteration {iteration}; {_REMEDY}")


def gradient_error(iteration: int, losses: Iterable[str] = ()) -> DivergedError:
    """Return the error for gradients that are not finite.

    Args:
        iteration: of the gradients.
        losses: names of those whose own gradient is not finite; none if only their sum's is not.
    """
    names = " and ".join(losses) or "the losses together"
    return DivergedError(
        f"the gradient of {names} is not finite in iteration {iteration}; {_REMEDY}"
    )


def check_parameters(method: nn.Module) -> None:
    """Raise DivergedError if a parameter is NaN or infinite."""
    if not are_finite(p for p in method.parameters() if not is_lazy(p)):
        raise DivergedError(f"parameters are not finite; {_REMEDY}")


def are_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all values are finite. Their norm decides in most cases, which is much faster."""
    detached = [tensor.detach() for tensor in tensors]
    # the norm of finite values can overflow, so an infinite norm proves nothing
    return bool(get_total_norm(detached).isfinite()) or all(t.isfinite().all() for t in detached)
