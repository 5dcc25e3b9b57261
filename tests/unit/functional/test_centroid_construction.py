import pytest
import torch

from dcrf.functional.centroid_construction import first_thresholds, is_clear, lowered


def reference(assignments, first, margin):
    """Sample by sample, with a sorted list."""
    result = []
    for row in assignments.tolist():
        best, second = sorted(row, reverse=True)[:2]
        result.append(best > first and best - second > margin)
    return result


@pytest.mark.parametrize(("first", "margin"), [(0.3, 0.15), (0.5, 0.1), (0.1, -0.2)])
def test_clear_samples_are_those_of_the_reference(first, margin):
    generator = torch.Generator().manual_seed(0)
    assignments = (2 * torch.randn(200, 5, generator=generator)).softmax(dim=1)
    clear = is_clear(assignments, first, margin)

    assert clear.tolist() == reference(assignments, first, margin)
    assert clear.any()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0.6, 0.3, 0.1], True),
        ([0.5, 0.45, 0.05], False),  # the lead is too small
        ([0.35, 0.33, 0.32], False),
        ([0.4, 0.3, 0.3], False),  # at most the first threshold
    ],
)
def test_clear_samples_by_hand(row, expected):
    assert is_clear(torch.tensor([row]), 0.4, 0.1).tolist() == [expected]


def test_a_single_cluster_is_clear():
    assert is_clear(torch.ones(3, 1), 0.5, 0.5).all()


def test_thresholds_start_and_fall_as_in_the_authors_code():
    """Kappa 3 and ten clusters: 0.3 and 0.15, then steps of 0.09, 0.09, 0.027 and 0.0081."""
    thresholds = first_thresholds(3.0, 10)
    values = [thresholds]
    for _ in range(4):
        values.append(lowered(values[-1], 10))

    assert [v.first for v in values] == pytest.approx([0.3, 0.21, 0.12, 0.093, 0.0849])
    assert [v.margin for v in values] == pytest.approx([0.15, 0.06, -0.03, -0.057, -0.0651])
