"""The dip against the distance to all unimodal distribution functions, by linear programs."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from dcrf.functional.dip import dip_of_sorted, dip_p_value, dip_statistic


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


@pytest.mark.parametrize("n", [12, 45, 200])
def test_p_values_of_uniform_numbers_are_uniform(n):
    generator = np.random.default_rng(5)
    dips = [dip_of_sorted(np.sort(generator.random(n))).dip for _ in range(400)]
    p_values = np.sort([dip_p_value(dip, n) for dip in dips])

    assert np.abs(p_values - np.linspace(0, 1, 400)).max() < 0.1


def test_p_values_fall_with_the_dip_and_span_the_unit_interval():
    p_values = [dip_p_value(dip, 100) for dip in np.linspace(0.005, 0.25, 50)]

    assert p_values == sorted(p_values, reverse=True)
    assert p_values[0] > 0.99
    assert p_values[-1] == 0
    assert dip_p_value(0.25, 4) >= 0


def test_a_published_quantile():
    """Hartigan and Hartigan's table: 5 % of 50 uniform numbers have a dip above 0.0702."""
    assert dip_p_value(0.0702, 50) == pytest.approx(0.05, abs=0.015)


def test_one_mode_is_not_rejected_and_two_are():
    generator = np.random.default_rng(0)
    one = np.sort(generator.normal(size=300))
    two = np.sort(np.concatenate([generator.normal(size=150), generator.normal(5, size=150)]))

    assert dip_p_value(dip_of_sorted(one).dip, 300) > 0.5
    assert dip_p_value(dip_of_sorted(two).dip, 300) < 0.01
