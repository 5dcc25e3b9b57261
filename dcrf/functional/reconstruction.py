"""Reconstruction errors, and the dropout noise of denoising autoencoders.

Outputs (n, ...) and targets (n, ...) of every error are flattened, so a decoder may return flat
images. An error is a scalar in the unit of its name, by one of `REDUCTIONS`.
"""

from collections.abc import Callable
from types import MappingProxyType

import torch
import torch.nn.functional as F
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
"""Name -> reduction of errors (n, elements) to a scalar."""


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
    flat, flat_targets = flat_pair(outputs, targets)
    return REDUCTIONS[reduction]((flat - flat_targets).square())


def binary_cross_entropy(
    logits: Tensor, targets: Tensor, reduction: str = "mean_across_samples"
) -> Tensor:
    """Cross-entropy of each element with a Bernoulli distribution (Vincent et al., JMLR 2010).

    It is the negative log-likelihood of the targets if they are 0 or 1.

    Args:
        logits: (n, ...), inverse sigmoids of the reconstructions.
        targets: (n, ...), with the same number of elements, from 0 to 1.
        reduction: as in `squared_error`.

    Returns:
        Scalar, >= 0, in nats.

    Raises:
        ValueError: the numbers of elements differ, or targets are outside of [0, 1].
    """
    flat, flat_targets = flat_pair(logits, targets)
    if not targets.is_meta:
        least, most = (bound.item() for bound in targets.aminmax())
        if least < 0 or most > 1:
            raise ValueError(
                f"a binary cross-entropy needs values from 0 to 1, but they go from {least:.4g} to "
                f"{most:.4g}: scale the samples, or use another error"
            )
    errors = F.binary_cross_entropy_with_logits(flat, flat_targets, reduction="none")
    return REDUCTIONS[reduction](errors)


def cosine_error(
    outputs: Tensor, targets: Tensor, reduction: str = "mean_across_samples"
) -> Tensor:
    """One minus the cosine of the angle between output and target, for sparse data such as TF-IDF.

    Args:
        outputs: (n, ...) reconstructions, of any length.
        targets: (n, ...), with the same number of elements.
        reduction: as in `squared_error`. A sample has one error, so both means are equal.

    Returns:
        Scalar from 0 to 2, or the sum over samples. A zero row has the error 1.

    Raises:
        ValueError: outputs and targets differ in their number of elements.
    """
    flat, flat_targets = (F.normalize(rows, dim=1) for rows in flat_pair(outputs, targets))
    return REDUCTIONS[reduction](1 - (flat * flat_targets).sum(dim=1, keepdim=True))


def flat_pair(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return reconstructions and targets (n, ...) as rows (n, elements).

    Raises:
        ValueError: they differ in their number of elements.
    """
    flat, flat_targets = outputs.flatten(1), targets.flatten(1)
    if flat.shape != flat_targets.shape:  # a shape with 1 would broadcast
        raise ValueError(
            f"a reconstruction of shape {tuple(outputs.shape)} cannot be compared with a target "
            f"of shape {tuple(targets.shape)}: the numbers of elements differ"
        )
    return flat, flat_targets


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
