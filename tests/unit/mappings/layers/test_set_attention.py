import math

import pytest
import torch

from dcrf.mappings.layers.set_attention import SetAttention


@pytest.fixture
def sets():
    return torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def by_hand(layer, elements, heads):
    """Equation 1 of the paper for each head of one set, element by element."""
    attention = layer.attention
    weights = attention.in_proj_weight.chunk(3)
    biases = attention.in_proj_bias.chunk(3)
    q, k, v = (elements @ w.T + b for w, b in zip(weights, biases, strict=True))
    width = elements.shape[1] // heads
    rows = []
    for i in range(len(elements)):
        of_heads = []
        for head in range(heads):
            own = slice(head * width, (head + 1) * width)
            scores = [q[i, own] @ k[j, own] / math.sqrt(width) for j in range(len(elements))]
            total = sum(score.exp() for score in scores)
            weighted = [s.exp() / total * v[j, own] for j, s in enumerate(scores)]
            of_heads.append(sum(weighted))
        rows.append(attention.out_proj(torch.cat(of_heads)))
    return torch.stack(rows)


@pytest.mark.parametrize("heads", [1, 3])
def test_it_is_scaled_dot_product_attention_in_heads(heads, sets):
    layer = SetAttention(embed_dim=6, num_heads=heads).double()
    with torch.no_grad():
        layer.attention.in_proj_bias.normal_()

    expected = torch.stack([by_hand(layer, elements, heads) for elements in sets])

    torch.testing.assert_close(layer(sets), expected)
    with torch.no_grad():
        torch.testing.assert_close(layer.eval()(sets), expected)


@pytest.mark.parametrize("training", [True, False])
def test_a_permutation_of_the_elements_permutes_the_outputs(training, sets):
    layer = SetAttention(embed_dim=6, num_heads=2).double().train(training)
    order = torch.tensor([2, 0, 3, 1])
    with torch.set_grad_enabled(training):
        torch.testing.assert_close(layer(sets[:, order]), layer(sets)[:, order])


def test_sets_of_any_size_are_taken(sets):
    layer = SetAttention(embed_dim=6, num_heads=2).double()

    assert layer(sets[:, :1]).shape == (3, 1, 6)
    assert layer(sets.repeat(1, 5, 1)).shape == (3, 20, 6)


def test_gradients_are_those_of_finite_differences(sets):
    layer = SetAttention(embed_dim=6, num_heads=3).double()

    assert torch.autograd.gradcheck(layer, sets[:2].clone().requires_grad_())


def test_features_that_the_heads_cannot_share_are_an_error():
    with pytest.raises(ValueError, match="embed_dim 6 is not a multiple of num_heads 4"):
        SetAttention(embed_dim=6, num_heads=4)


def test_a_table_is_not_taken_for_one_set():
    with pytest.raises(ValueError, match="sets of shape"):
        SetAttention(embed_dim=6, num_heads=2)(torch.zeros(5, 6))
