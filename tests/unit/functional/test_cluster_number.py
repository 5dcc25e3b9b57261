"""The choice of a number of clusters, from evidence written by hand."""

import pytest
import torch

from dcrf.functional.cluster_number import (
    Evidence,
    chosen_number,
    is_supported,
    nearest_other_centers,
)


def evidence(k, stability, reference=0.5, error=0.01, separated=1):
    return Evidence(k, stability, error, reference, 0.0, 0.3, separated)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (evidence(3, 0.6), True),
        (evidence(3, 0.6, separated=0), False),
        (evidence(3, 0.515), False),  # one and a half standard errors
        (evidence(3, 0.515, separated=3), True),
        (evidence(3, 0.515, separated=2), False),
        (evidence(3, 0.49, separated=3), False),
    ],
)
def test_support_is_a_clear_gain_with_a_gap_or_any_gain_with_all_gaps(given, expected):
    assert is_supported(given, 1) is expected


def test_the_error_of_the_reference_counts():
    assert is_supported(Evidence(2, 0.6, 0.01, 0.5, 0.02, 0.3, 1), 1)
    assert not is_supported(Evidence(2, 0.6, 0.01, 0.5, 0.08, 0.3, 1), 1)


def test_more_numbers_ask_for_a_clearer_gain():
    two_standard_errors = evidence(3, 0.52)

    assert is_supported(two_standard_errors, 1)
    assert not is_supported(two_standard_errors, 11)


def test_the_largest_gain_is_chosen_not_the_largest_stability():
    assert chosen_number([evidence(2, 0.99, reference=0.9), evidence(3, 0.9, reference=0.6)]) == 3


def test_of_equal_gains_the_largest_number_is_chosen():
    assert chosen_number([evidence(2, 1.0), evidence(3, 1.0)]) == 3


def test_numbers_without_support_do_not_count():
    assert chosen_number([evidence(2, 0.9), evidence(3, 0.95, separated=0)]) == 2


def test_without_support_there_is_one_cluster():
    assert chosen_number([evidence(2, 0.4), evidence(3, 0.5)]) == 1
    assert chosen_number([]) == 1


def test_the_nearest_other_center():
    centers = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]])

    assert nearest_other_centers(centers).tolist() == [1, 0, 1]
