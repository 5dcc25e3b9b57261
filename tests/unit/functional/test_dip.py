"""The dip against the distance to all unimodal distribution functions, by linear programs."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from dcrf.functional.dip import dip_of_sorted, dip_statistic


def distance_to_unimodal(values):
    """The smallest largest distance to a function that is convex until a value, then concave.

    One linear program for each value at which the mode may be. Unknown are the distance and the
    function at the values, on both sides of a jump at the mode.
    """
    return min(_distance_with_mode(values, number) for number in range(len(values)))


def _distance_with_mode(values, mode):
    n = len(values)
    points = [(x, i / n, (i + 1) / n) for i, x in enumerate(values)]
    x, low, high = points[mode]
    left, right = [*points[:mode], (x, low, low)], [(x, high, high), *points[mode + 1 :]]
    count, rows, bounds = len(left) + len(right), [], []

    def at_most(bound, **terms):
        row = np.zeros(count + 1)
        for key, factor in terms.items():
            row[-1 if key == "distance" else int(key[1:])] += factor
        rows.append(row)
        bounds.append(bound)

    for i, (_, low, high) in enumerate([*left, *right]):
        for level in (low, high):
            at_most(level, **{f"g{i}": 1, "distance": -1})
            at_most(-level, **{f"g{i}": -1, "distance": -1})
        if i:
            at_most(0, **{f"g{i - 1}": 1, f"g{i}": -1})
    for side, start, sign in ((left, 0, 1), (right, len(left), -1)):
        for i in range(1, len(side) - 1):
            before, after = side[i][0] - side[i - 1][0], side[i + 1][0] - side[i][0]
            at_most(0, **{
                f"g{start + i - 1}": -sign * after,
                f"g{start + i}": sign * (before + after),
                f"g{start + i + 1}": -sign * before,
            })  # fmt: skip
    cost = np.zeros(count + 1)
    cost[-1] = 1
    limits = [(0, 1)] * count + [(0, None)]
    return linprog(cost, np.array(rows), bounds, bounds=limits).fun


def sample(seed, n):
    generator = np.random.default_rng(seed)
    parts = generator.normal(size=n), generator.normal(4, 0.5, size=n), generator.uniform(size=n)
    return np.sort(np.choose(generator.integers(0, 1 + seed % 3, n), parts))


@pytest.mark.parametrize("seed", range(12))
def test_the_dip_is_the_distance_to_the_nearest_unimodal_function(seed):
    values = sample(seed, 6 + seed)

    assert dip_of_sorted(values).dip == pytest.approx(distance_to_unimodal(values), abs=1e-9)


def test_known_values():
    """Two equal clusters far apart have the largest dip, 1/4; even spaces the smallest."""
    far_apart = np.concatenate([np.zeros(50), np.ones(50)]) + np.linspace(0, 1e-9, 100)

    assert dip_of_sorted(far_apart).dip == pytest.approx(0.25, abs=0.006)
    assert dip_of_sorted(np.arange(20.0)).dip == 1 / 40
    assert dip_of_sorted(np.ones(4)).dip == 1 / 8
    assert dip_of_sorted(np.array([1.0])).dip == 1 / 2
    assert dip_of_sorted(np.array([0.0, 0, 1, 1])).dip == 1 / 4
    assert dip_of_sorted(np.array([0.0, 0, 0, 1])).dip == 1 / 8


@pytest.mark.parametrize("seed", range(6))
def test_the_dip_does_not_change_with_scale_shift_and_mirror(seed):
    values = sample(seed, 60)
    dip = dip_of_sorted(values).dip

    assert dip_of_sorted(3 * values + 7).dip == pytest.approx(dip)
    assert dip_of_sorted(-values[::-1]).dip == pytest.approx(dip)


def test_the_modal_interval_holds_the_larger_of_two_clusters():
    values = np.sort(np.concatenate([np.linspace(0, 1, 30), np.linspace(9, 10, 70)]))

    low, high = dip_of_sorted(values).modal_interval

    assert values[low] >= 9
    assert values[high] <= 10


@pytest.mark.parametrize("seed", range(8))
def test_gradients_are_those_of_finite_differences(seed):
    values = torch.from_numpy(np.random.default_rng(seed).permutation(sample(seed, 30)))

    assert dip_of_sorted(values.sort().values.numpy()).triangle is not None
    assert dip_statistic(values).item() == pytest.approx(
        dip_of_sorted(values.sort().values.numpy()).dip
    )
    assert torch.autograd.gradcheck(dip_statistic, (values.requires_grad_(),), eps=1e-7)


def test_gradients_by_hand():
    """Krause and Liebscher: c (x2 - x3), c (x3 - x1) and c (x1 - x2) over (x3 - x1)^2."""
    values = torch.from_numpy(sample(1, 40)).requires_grad_()
    dip = dip_of_sorted(values.detach().numpy())
    i1, i2, i3 = dip.triangle
    dip_statistic(values).backward()
    x1, x2, x3 = (values[i].item() for i in dip.triangle)
    sign = np.sign(i1 - i2 + (i3 - i1) * (x2 - x1) / (x3 - x1))
    c = sign * (i3 - i1) / (2 * 40)

    assert values.grad[[i1, i2, i3]].tolist() == pytest.approx(
        [c * (x2 - x3) / (x3 - x1) ** 2, c / (x3 - x1), c * (x1 - x2) / (x3 - x1) ** 2]
    )
    assert values.grad.count_nonzero() == 3


def test_evenly_spaced_values_have_no_gradient():
    values = torch.arange(5.0).requires_grad_()
    dip_statistic(values).backward()

    assert not values.grad.any()
