import pytest
import torch

from dcrf.functional.running_means import running_means


def one_after_the_other(means, counts, rows, clusters):
    """As the paper and the authors' code do it."""
    means, counts = means.clone().double(), counts.clone()
    for row, k in zip(rows.double(), clusters.tolist(), strict=True):
        counts[k] += 1
        means[k] -= (means[k] - row) / counts[k]
    return means, counts


@pytest.mark.parametrize("start", [0, 1, 100])
def test_it_equals_the_updates_row_by_row(start):
    generator = torch.Generator().manual_seed(0)
    means, rows = torch.randn(5, 3, generator=generator), torch.randn(40, 3, generator=generator)
    clusters = torch.randint(4, (40,), generator=generator)  # the last cluster has no rows
    counts = torch.full((5,), start)
    expected, expected_counts = one_after_the_other(means, counts, rows, clusters)

    new_means, new_counts = running_means(means, counts, rows, clusters)

    torch.testing.assert_close(new_means.double(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(new_counts, expected_counts)
    assert torch.equal(new_means[4], means[4])


def test_by_hand():
    means, counts = torch.tensor([[0.0], [10.0]]), torch.tensor([2, 1])

    new_means, new_counts = running_means(
        means, counts, torch.tensor([[4.0], [8.0], [6.0]]), torch.tensor([0, 0, 1])
    )

    assert new_means.tolist() == [[(2 * 0 + 4 + 8) / 4], [(10 + 6) / 2]]
    assert new_counts.tolist() == [4, 2]


def test_the_arguments_are_unchanged():
    means, counts = torch.ones(2, 1), torch.ones(2).long()
    running_means(means, counts, torch.zeros(2, 1), torch.tensor([0, 1]))

    assert means.tolist() == [[1.0], [1.0]]
    assert counts.tolist() == [1, 1]


def test_rows_far_from_zero_keep_their_digits():
    """In float32, 1e6 has steps of 1/16."""
    means, rows = torch.full((1, 1), 1e6), torch.full((1000, 1), 1e6 + 1)

    new_means, _ = running_means(means, torch.tensor([1000]), rows, torch.zeros(1000).long())

    assert new_means.item() == 1e6 + 0.5
