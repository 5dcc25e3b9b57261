"""Every sampling is one stem and keeps the promises of `dcrf.data.sampling.base`."""

import json
from pathlib import Path

import pytest
import torch
from torch import Generator

from dcrf.builder.components import build_entry
from dcrf.data.sampling.base import Sampling
from dcrf.schema.registry import SAMPLINGS
from tests.unit.config.methods import dec, load

TESTS = Path(__file__).parents[1]
CASES = {file.stem: json.loads(file.read_text()) for file in (TESTS / "cases/sampling").iterdir()}
N = 50
CLUSTERS = {
    "none": None,
    "three": torch.arange(N) % 3,
    "with an empty one": torch.arange(N).clamp_max(4) * 2,
    "one": torch.zeros(N).long(),
    "noise": (torch.arange(N) % 4) - 1,
    "only noise": torch.full((N,), -1),
}

every_sampling = pytest.mark.parametrize("stem", SAMPLINGS.schemas)
every_clusters = pytest.mark.parametrize("clusters", CLUSTERS.values(), ids=CLUSTERS.keys())


def built(stem):
    return build_entry(SAMPLINGS, CASES[stem], {}, {})


def order(stem, clusters=None, seed=0, n_samples=N):
    return built(stem).order(n_samples, Generator().manual_seed(seed), clusters)


@every_sampling
def test_a_sampling_is_one_stem(stem):
    sampling = SAMPLINGS.resolve(stem)

    assert SAMPLINGS.stems[stem] == stem
    assert issubclass(sampling, Sampling)
    assert sampling.__name__ == "".join(word.capitalize() for word in stem.split("_"))
    assert (TESTS / "unit" / "data" / "sampling" / f"test_{stem}.py").exists()
    assert CASES.keys() == SAMPLINGS.schemas.keys()


@every_sampling
@every_clusters
def test_an_epoch_has_as_many_samples_as_the_data_set(stem, clusters):
    indices = order(stem, clusters)

    assert (indices.shape, indices.dtype) == ((N,), torch.int64)
    assert 0 <= indices.min() <= indices.max() < N
    assert built(stem).repeats_samples or len(indices.unique()) == N


@every_sampling
@every_clusters
def test_the_order_depends_on_the_generator_and_the_clusters_alone(stem, clusters):
    first, again, other = (order(stem, clusters, seed) for seed in (0, 0, 1))

    assert torch.equal(first, again)
    assert torch.equal(first, other) == built(stem).is_fixed
    if not built(stem).needs_clusters:
        assert torch.equal(first, order(stem))


@every_sampling
def test_a_single_sample_is_sampled(stem):
    for clusters in (None, torch.tensor([2])):
        assert order(stem, clusters, n_samples=1).tolist() == [0]


@every_sampling
def test_the_schema_states_the_need_for_clusters(stem):
    needs = SAMPLINGS.schemas[stem].get("x-needs", [])

    assert needs == (["assignments"] if built(stem).needs_clusters else [])


@every_sampling
def test_a_method_names_it_by_its_name_or_an_entry(tmp_path, stem):
    method = dec()
    for value in (stem, CASES[stem]):
        method["datasets"][0]["sampling"] = value
        config = load(tmp_path, method)

        assert config.datasets[0].sampling["type"] == stem
        assert config.filled["datasets"][0]["sampling"] == config.datasets[0].sampling
