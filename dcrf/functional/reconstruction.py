"""Reconstruction errors, and the dropout noise of denoising autoencoders."""

from collections.abc import Callable
from types import MappingProxyType

import torch
from torch import Generator, Tensor


def _mean_across_samples(errors: Tensor) -> Tensor:
    return errors.sum(dim=1).mean()


REDUCTIONS: MappingProxyType[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "mean_across_samples": _mean_across_samples,
        "mean_across_elements": torch.mean,
        "sum": torch.sum,
    }
)
"""Name -> reduction of squared errors (n, elements) to a scalar."""


def squared_error(
    outputs: Tensor, targets: Tensor, reduction: str = "mean_across_samples"
) -> Tensor:
    """Squared error of reconstructions (Vincent et al., JMLR 2010).

    Outputs and targets are flattened, so a decoder may return flat images.

    Args:
        outputs: (n, ...) reconstructions.
        targets: (n, ...), with the same number of elements.
        reduction: `mean_across_samples` (sum over a sample's elements, mean over samples),
            `mean_across_elements` or `sum`.

    Returns:
        Scalar, >= 0, in squared units of the targets.

    Raises:
        ValueError: outputs and targets differ in their number of elements.
    """
    flat, flat_targets = outputs.flatten(1), targets.flatten(1)
    if flat.shape != flat_targets.shape:  # a shape with 1 would broadcast
        raise ValueError(
            f"a reconstruction of shape {tuple(outputs.shape)} cannot be compared with samples "
            f"of shape {tuple(targets.shape)}: the numbers of elements differ"
        )
    return REDUCTIONS[reduction]((flat - flat_targets).square())


def dropout(values: Tensor, rate: float, generator: Generator) -> Tensor:
    """Set random elements to 0 and divide the others by 1 - rate (Srivastava et al., JMLR 2014).

    Args:
        values: of any shape, left unchanged.
        rate: probability that an element is set to 0, in [0, 1).
        generator: on the CPU, so that the mask does not depend on the device.

    Returns:
        A tensor of the same shape; its expectation is `values`.
    """
    kept = torch.rand(values.shape, generator=generator).to(values.device) >= rate
    return values * kept / (1 - rate)
