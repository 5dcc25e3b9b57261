"""The loss of another task than clustering, for samples of which some have no target."""

from torch import Tensor


def squared_target_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean of ||f(x_i) - y_i||^2 over the samples with targets y_i.

    Args:
        outputs: f(x_i), (n, d).
        targets: y_i, (n, d); a NaN in a row leaves the sample out.

    Returns:
        Scalar, >= 0, in squared units of the targets; 0 with a graph if no sample has targets.

    Source: taxonomy of Aljalbout et al., section 2.3, https://arxiv.org/abs/1801.07648.
    """
    is_present = ~targets.isnan().any(dim=1)
    # in place of NaN, the outputs themselves: a product with 0 would keep the NaN
    errors = (outputs - targets.where(is_present[:, None], outputs.detach())).square().sum(dim=1)
    return (errors * is_present).sum() / is_present.sum().clamp_min(1)
