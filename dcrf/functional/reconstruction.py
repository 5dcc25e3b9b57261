"""How far reconstructions are from what they reconstruct, and the noise of denoising."""

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
"""How squared errors (n, elements) become a scalar."""


def squared_error(
    outputs: Tensor, targets: Tensor, reduction: str = "mean_across_samples"
) -> Tensor:
    """Squared error of reconstructions (Vincent et al., JMLR 2010).

    Samples are compared element by element, whatever the shape: a decoder may give flat images.

    Args:
        outputs: (n, ...) reconstructions.
        targets: (n, ...), with as many elements.
        reduction: `mean_across_samples` (sum over a sample's elements, mean over samples),
            `mean_across_elements`, or `sum`.

    Returns:
        Scalar, >= 0, in squared units of the targets.

    Raises:
        ValueError: the numbers of elements differ.
    """
    flat, flat_targets = outputs.flatten(1), targets.flatten(1)
    if flat.shape != flat_targets.shape:  # broadcasting would give a number all the same
        raise ValueError(
            f"a reconstruction of shape {tuple(outputs.shape)} cannot be compared with samples "
            f"of shape {tuple(targets.shape)}: the numbers of elements differ"
        )
    return REDUCTIONS[reduction]((flat - flat_targets).square())


def dropout(values: Tensor, rate: float, generator: Generator) -> Tensor:
    """Set elements to 0 at random and scale up the others (Srivastava et al., JMLR 2014).

    Args:
        values: of any shape; not changed.
        rate: probability to be dropped, in [0, 1).
        generator: on the CPU, so that the draw does not depend on the device.

    Returns:
        A tensor of the same shape and, in expectation, the same values.
    """
    kept = torch.rand(values.shape, generator=generator).to(values.device) >= rate
    return values * kept / (1 - rate)
