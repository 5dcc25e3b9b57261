"""All samples in index order."""

from dcrf.data.sampling.base import Sampling


class InOrder(Sampling):
    """All samples in index order, in every epoch."""
