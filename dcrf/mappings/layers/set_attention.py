"""Self-attention over the elements of a set."""

from typing import ClassVar

from torch import Tensor, nn

from dcrf.mappings.absent_objects import present_objects

_SETS = 3  # axes: sample, element, feature


class SetAttention(nn.Module):
    """Lets every element of a set attend to all elements, in several heads.

    It has no positional information: a permutation of the elements permutes the outputs alike.
    Nothing attends to elements that only fill up a shorter set.

    Shapes:
        (n, elements, embed_dim) -> (n, elements, embed_dim)

    Args:
        embed_dim: features of an element.
        num_heads: heads, which divide the features among them.
        dropout: probability that an attention weight is set to 0 in training.
        bias: whether the projections have biases.

    Raises:
        ValueError: embed_dim is not a multiple of num_heads, or an input that is not
            (n, elements, features).

    Source: Vaswani et al., NeurIPS 2017, section 3.2.2, https://arxiv.org/abs/1706.03762; as a
        layer on sets: Lee et al., ICML 2019, https://arxiv.org/abs/1810.00825
    """

    replaces: ClassVar[tuple[str, ...]] = ("MultiheadAttention",)

    def __init__(
        self, *, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True
    ) -> None:
        super().__init__()
        if num_heads < 1 or embed_dim % num_heads:
            raise ValueError(f"embed_dim {embed_dim} is not a multiple of num_heads {num_heads}")
        self.attention = nn.MultiheadAttention(
            embed_dim, num_heads, dropout=dropout, bias=bias, batch_first=True
        )

    def forward(self, values: Tensor) -> Tensor:
        """Return attended elements for elements, both (n, elements, embed_dim)."""
        if values.ndim != _SETS:  # torch would take two axes for one set
            raise ValueError("it takes sets of shape (elements, features)")
        is_present = present_objects()
        ignored = None if is_present is None else ~is_present
        return self.attention(values, values, values, ignored, need_weights=False)[0]
