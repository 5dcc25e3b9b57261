"""Features: the vectors that clusters are formed in."""

from collections.abc import Callable

from torch import Tensor


def extract_features(extractor: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """Return features (n, d): the extractor's output for samples (n, *sample_shape), flattened."""
    return extractor(samples).flatten(1)
