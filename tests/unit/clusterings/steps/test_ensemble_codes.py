"""Codes of an ensemble, by loops over its clusterings."""

import pytest
import torch
from torch import Generator

from dcrf.clusterings.k_means import KMeans
from dcrf.clusterings.steps import ensemble_codes as module
from dcrf.clusterings.steps.ensemble_codes import EnsembleCodes
from dcrf.errors import ClusteringError
from dcrf.functional.marginalized_denoising import denoising_weights
from dcrf.randomness import draw_seed


def step(**changes):
    options = {"num_clusterings": 5, "min_num_clusters": 2, "max_num_clusters": 4}
    options |= {"corruption_rate": 0.3, "num_denoising_layers": 1, "epsilon": 1e-5}
    return EnsembleCodes(**options | changes)


def draw(n=50, seed=0, offset=0.0):
    generator = Generator().manual_seed(seed)
    return offset + torch.randn(n, 3, generator=generator, dtype=torch.float64)


def by_loops(rows, new, numbers, layers):
    """H = tanh(W B) for new rows, from k-means runs with the same seeds."""
    draws = Generator().manual_seed(7)
    draw_seed(draws)
    runs = [KMeans(num_restarts=1).fit(rows, k, draws).centers for k in numbers]

    def one_hot(values):
        codes = []
        for row in values:
            code = []
            for centers in runs:
                distances = [(row - center).square().sum().item() for center in centers]
                code += [float(d == min(distances)) for d in distances]
            codes.append(code)
        return torch.tensor(codes, dtype=torch.float64).T

    fitted, codes = one_hot(rows), one_hot(new)
    for _ in range(layers):
        weight = denoising_weights(fitted @ fitted.T, 0.3, 1e-5)
        fitted, codes = (weight @ fitted).tanh(), (weight @ codes).tanh()
    return codes.T


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("offset", [0, 1000])
def test_codes_of_samples_and_new_ones_are_those_of_the_definition(layers, offset):
    rows, new = draw(offset=offset), draw(9, seed=1, offset=offset)
    fitted = step(num_denoising_layers=layers).fit(rows, Generator().manual_seed(7))
    numbers = [2, 2, 3, 3, 4]

    for values in (rows, new):
        torch.testing.assert_close(fitted(values), by_loops(rows, values, numbers, layers))
    assert fitted.numbers.tolist() == numbers
    assert step().width(50, 3) == sum(numbers)


def test_samples_that_are_clustered_together_have_like_codes():
    """Codes of one blob differ less from each other than from those of another."""
    rows = torch.cat([draw(40), draw(40, seed=1, offset=20.0)])
    codes = step(num_clusterings=30, max_num_clusters=6).fit(rows, Generator())(rows)
    distances = torch.cdist(codes, codes)

    assert distances[:40, :40].max() < distances[:40, 40:].min()


def test_numbers_of_clusters_reach_from_the_least_to_the_root_of_the_samples():
    numbers = step(num_clusterings=100, max_num_clusters=None)._numbers(405)

    assert (numbers[0], numbers[-1]) == (2, 20)
    assert {*numbers} == {*range(2, 21)}


@pytest.mark.parametrize("most", [3, None])
def test_more_clusters_than_samples_are_refused(most):
    with pytest.raises(ClusteringError, match="forms up to 3 clusters, but there are only 2 sam"):
        step(min_num_clusters=3, max_num_clusters=most).width(2, 5)


def test_codes_that_exceed_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: 8 * 5 * 14**2 - 1)

    with pytest.raises(
        ClusteringError, match=r"5 clusterings are 14 wide; .* lower num_clusterings"
    ):
        step().width(50, 3)
