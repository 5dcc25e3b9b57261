"""The contract of cluster assignment strategies."""

import inspect
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Generator, nn

from dcrf.assignment.centroids import Centroids
from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.batch import Batch, Clock, DatasetPass, Place
from dcrf.builder.components import build_component
from dcrf.mappings.features import Features
from dcrf.mappings.layers.pool_objects import PoolObjects
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams, global_seed
from dcrf.schema.registry import STRATEGIES
from dcrf.storage.parameter_files import read_tensor

N, K = 12, 3
INJECTED = {"centroids", "classifiers", "features", "n_clusters", "generator"}
INJECTED |= {"streams", "read_tensor"}
CASES = Path(__file__).parents[1] / "cases" / "cluster_assignment_strategies"
OPTIONS = {file.stem: json.loads(file.read_text()) for file in sorted(CASES.glob("*.json"))}
"""Stem -> options with which the strategy can be built; together they use every key."""

every_stem = pytest.mark.parametrize("stem", STRATEGIES.schemas)
every_strategy = pytest.mark.parametrize(
    ("stem", "options"),
    [(stem, options) for stem, variants in OPTIONS.items() for options in variants],
    ids=[f"{stem}-{i}" for stem, variants in OPTIONS.items() for i, _ in enumerate(variants, 1)],
)


@dataclass
class World:
    """A strategy, and the method around it, as one module."""

    strategy: nn.Module
    model: nn.Module
    centroids: Centroids
    samples: torch.Tensor

    @property
    def data_pass(self):
        def run(function, indices):
            with torch.no_grad():
                parts = indices.split(5)
                return torch.cat([function(Batch(part, self.samples[part])) for part in parts])

        return DatasetPass(N, run)


def world(stem, options, dtype=torch.float32, seed=0):
    """Build a strategy and run a phase, so that it is ready to assign."""
    built = fresh(stem, options, dtype, seed)
    built.centroids.set_values(torch.randn(K, 2, generator=Generator().manual_seed(seed)))
    run_a_phase(built)
    return built


def fresh(stem, options, dtype=torch.float32, seed=0):
    """Build a strategy before any phase."""
    with global_seed(seed):
        encoder = TrainableMapping([nn.Flatten(), nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)])
        heads = {name: TrainableMapping([nn.Linear(2, K)]) for name in ("one", "two")}
        on_sets = {
            "count": TrainableMapping([PoolObjects(by="mean"), nn.Linear(4, K)]),
            "index": TrainableMapping([nn.Linear(4, K * (K + 1) // 2)]),
        }
    centroids = Centroids(K)
    classifiers = {name: ClassProbabilities(head, K, encoder) for name, head in heads.items()}
    strategy = build_component(
        STRATEGIES,
        stem,
        options,
        {"feature_extractor": {"encoder": encoder}, "classifier": classifiers, "mapping": on_sets},
        {
            "centroids": centroids,
            "classifiers": classifiers,
            "features": Features(encoder),
            "n_clusters": K,
            "generator": Generator().manual_seed(seed),
            "streams": RandomStreams(seed),
            "read_tensor": read_tensor,
        },
    )
    mappings = (*heads.values(), *on_sets.values())
    model = nn.ModuleList([strategy, encoder, *mappings, centroids]).to(dtype)
    shape = (5, 4) if runs_on_sets(stem) else (1, 2, 2)
    samples = torch.randn(N, *shape, generator=Generator().manual_seed(7)).to(dtype)
    return World(strategy, model, centroids, samples)


def runs_on_sets(stem):
    """Whether samples of a strategy are sets of objects, of which each gets an assignment."""
    return STRATEGIES.schemas[stem].get("x-batch") == "problems"


def run_a_phase(built):
    place = Place("data", "training")
    built.strategy.before_phase(place, built.data_pass)
    built.strategy.start_phase(place)
    for iteration in range(1, 4):
        built.strategy.after_iteration(Clock(1, iteration), built.data_pass)
    scores = {
        name: {"acc": 0.1 * i, "nmi": 0.5, "ari": -0.1}
        for i, name in enumerate(built.strategy.candidates())
    }
    if scores:
        built.strategy.record_scores(scores)
    built.strategy.after_phase(place, built.data_pass)


def saved(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def arguments(stem):
    known = STRATEGIES.properties(stem)
    return {
        key
        for key, schema in known.items()
        if not schema.get("x-framework") and "x-parts" not in schema
    }


def test_no_strategy_is_forgotten():
    assert OPTIONS
    assert OPTIONS.keys() == STRATEGIES.schemas.keys()


@every_stem
def test_the_options_here_use_every_key_and_every_choice(stem):
    for key in arguments(stem):
        used = {str(options[key]) for options in OPTIONS[stem] if key in options}

        assert used
        assert used >= set(STRATEGIES.properties(stem)[key].get("enum", ()))


@every_stem
def test_schema_and_constructor_have_the_same_arguments(stem):
    parameters = inspect.signature(STRATEGIES.resolve(stem)).parameters
    known = STRATEGIES.properties(stem)
    names = {
        key.removesuffix("_name") if "x-refers-to" in known[key] else key for key in arguments(stem)
    }

    assert names == parameters.keys() - INJECTED
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@every_stem
def test_the_docstring_names_every_argument(stem):
    strategy = STRATEGIES.resolve(stem)
    text = inspect.getdoc(strategy)

    for name in inspect.signature(strategy).parameters:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*: ", text, re.MULTILINE), name


@every_strategy
@pytest.mark.parametrize("n", [1, 7])
def test_every_row_is_a_distribution(stem, options, n):
    built = world(stem, options)

    log_assignments = built.strategy(built.samples[:n])

    rows = (n, 5) if runs_on_sets(stem) else (n,)
    assert log_assignments.shape == (*rows, K)
    torch.testing.assert_close(log_assignments.exp().sum(-1), torch.ones(rows))


@every_strategy
def test_double_precision_gives_the_same_in_double_precision(stem, options):
    built, exact = world(stem, options), world(stem, options, torch.float64)

    log_assignments = exact.strategy(exact.samples)

    assert log_assignments.dtype == torch.float64
    expected = built.strategy(built.samples).double()
    torch.testing.assert_close(log_assignments.exp(), expected.exp(), rtol=1e-4, atol=1e-5)


@every_strategy
def test_a_sample_is_assigned_by_itself(stem, options):
    built = world(stem, options)
    order = torch.randperm(N, generator=Generator().manual_seed(0))

    whole = built.strategy(built.samples)

    torch.testing.assert_close(built.strategy(built.samples[order]), whole[order])
    torch.testing.assert_close(built.strategy(built.samples[3:4]), whole[3:4])


@every_strategy
def test_samples_are_not_modified_and_get_no_gradient(stem, options):
    built = world(stem, options)
    before = built.samples.clone()

    log_assignments = built.strategy(built.samples)
    if log_assignments.requires_grad:  # hard assignments have none
        log_assignments.sum().backward()

    assert torch.equal(built.samples, before)
    assert built.samples.grad is None


@every_strategy
def test_features_are_a_row_for_each_sample(stem, options):
    built = world(stem, options)

    assert built.strategy.features(built.samples).shape == (N, K if runs_on_sets(stem) else 2)


@every_strategy
@pytest.mark.parametrize("build", [fresh, world], ids=["fresh", "used"])
def test_a_saved_strategy_assigns_as_before(stem, options, build):
    built, other = world(stem, options), build(stem, options, seed=1)
    for _ in range(2):
        built.strategy.after_iteration(Clock(1, 1), built.data_pass)
    expected = built.strategy(built.samples)

    other.model.load_state_dict(saved(built.model.state_dict()))

    assert torch.equal(other.strategy(built.samples), expected)
    assert other.strategy.inverse_temperature == built.strategy.inverse_temperature


@every_strategy
def test_it_is_ready_after_a_phase(stem, options):
    built = world(stem, options)

    assert built.strategy.why_not_ready() is None
    built.strategy.check_ready()
