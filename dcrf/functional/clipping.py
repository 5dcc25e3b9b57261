"""Gradients of bounded size, as torch.nn.utils clips them."""

from collections.abc import Sequence

from torch import Tensor
from torch.nn.utils import get_total_norm


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Scale gradients so that the norm of all their values together is at most `limit`.

    Args:
        gradients: of any shapes.
        limit: > 0.

    Returns:
        The gradients times min(1, limit / (norm + 1e-6)), the formula of torch's `clip_grad_norm_`.
    """
    factor = (limit / (get_total_norm(gradients) + 1e-6)).clamp(max=1.0)
    return [gradient * factor.to(gradient.device) for gradient in gradients]


def clip_by_value(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Limit every value of gradients to the range from `-limit` to `limit`, which is > 0."""
    return [gradient.clamp(-limit, limit) for gradient in gradients]
