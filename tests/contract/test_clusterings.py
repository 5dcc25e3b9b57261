"""The contract of clusterings, checked for every one of them."""

import inspect
import io
import json
import re
from pathlib import Path

import pytest
import torch
from torch import Generator

import dcrf.clusterings
from dcrf.builder.components import build_entry
from dcrf.clusterings.base import Clustering, centers_of
from dcrf.config.defaults import filled
from dcrf.errors import ClusteringError, DivergedError, TooFewSamplesError
from dcrf.schema.registry import CLUSTERINGS

TESTS = Path(__file__).parents[1]
FOLDER = TESTS / "cases" / "clusterings"
CASES = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
SHARED = {"base", "fitted"}
"""Modules of the package that are not a clustering."""

N, K, WIDTH = 60, 3, 4
every_stem = pytest.mark.parametrize("stem", CLUSTERINGS.schemas)


def stems(folder, prefix="", ending="py"):
    return {f.stem.removeprefix(prefix) for f in folder.glob(f"{prefix}*.{ending}")} - {"__init__"}


def built(entry):
    return build_entry(CLUSTERINGS, entry_with_defaults(entry), {}, {})


def entry_with_defaults(entry):
    """The entry as `load_checked` fills it in an after-phase strategy."""
    key = "classical_clustering_method_after_phase"
    strategy = {"type": "classical_clustering_in_feature_space_after_phase", key: entry}
    method = {"cluster_assignment_strategy": strategy}
    return filled(method, Path())["cluster_assignment_strategy"][key]


def blobs(dtype=torch.float32):
    """Three tight groups, and the group (n,) of each sample; each group has N / K of them."""
    generator = Generator().manual_seed(1)
    means = torch.tensor([[0.0, 0, 0, 0], [6, 0, 0, 6], [0, 6, 6, 0]], dtype=dtype)
    groups = torch.arange(K).repeat(N // K)
    noise = torch.randn(N, WIDTH, generator=generator, dtype=dtype)
    return means[groups] + 0.3 * noise, groups


def fit(stem, features, seed=0):
    return built(CASES[stem]).fit(features, K, Generator().manual_seed(seed))


def clusters_of(fitted, features):
    return fitted.log_assignments(features).argmax(1)


def saved(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_every_clustering_has_a_module_a_case_and_a_unit_test():
    known = CLUSTERINGS.schemas.keys()

    assert known
    assert stems(Path(dcrf.clusterings.__file__).parent) - SHARED == known
    assert stems(FOLDER, ending="json") == known
    assert stems(TESTS / "unit" / "clusterings", "test_") - SHARED == known


@every_stem
def test_the_name_leads_to_the_one_class(stem):
    clustering = CLUSTERINGS.resolve(stem)

    assert CLUSTERINGS.stems[stem] == stem
    assert issubclass(clustering, Clustering)
    assert clustering.__name__ == "".join(word.capitalize() for word in stem.split("_"))


@every_stem
def test_a_name_alone_is_enough(stem):
    alone = entry_with_defaults(stem)

    assert CLUSTERINGS.schemas[stem]["required"] == ["method"]
    assert alone == entry_with_defaults({"method": stem})
    assert isinstance(built(stem), Clustering)


@every_stem
def test_schema_and_constructor_have_the_same_arguments(stem):
    known = CLUSTERINGS.properties(stem)
    keys = {key for key, schema in known.items() if not schema.get("x-framework")}
    parameters = inspect.signature(CLUSTERINGS.resolve(stem)).parameters

    assert keys == parameters.keys()
    assert {p.kind for p in parameters.values()} <= {inspect.Parameter.KEYWORD_ONLY}


@every_stem
def test_docstring_and_description_tell_arguments_and_new_samples(stem):
    clustering = CLUSTERINGS.resolve(stem)
    text = inspect.getdoc(clustering)

    assert "\nNew samples: " in text
    assert "New samples" in CLUSTERINGS.schemas[stem]["description"]
    for name in inspect.signature(clustering).parameters:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*: ", text, re.MULTILINE), name


@every_stem
def test_every_row_is_a_distribution_or_noise(stem):
    features, _ = blobs()
    fitted = fit(stem, features)
    log_assignments = fitted.log_assignments(features)
    sums = log_assignments.exp().sum(1)

    assert fitted.is_fitted
    assert log_assignments.shape == (N, fitted.n_clusters_found)
    assert not log_assignments.isnan().any()
    torch.testing.assert_close(sums[sums > 0], torch.ones(int((sums > 0).sum())))


@every_stem
def test_the_schema_says_whether_assignments_are_hard_and_whether_the_number_is_found(stem):
    features, _ = blobs()
    clustering, schema = built(CASES[stem]), CLUSTERINGS.schemas[stem]
    # close to the middle of two blobs
    middle = features[:2].mean(0, keepdim=True) + 0.1 * torch.randn(
        50, WIDTH, generator=Generator().manual_seed(2)
    )
    fitted = clustering.fit(features, K, Generator())
    probabilities = fitted.log_assignments(middle).exp()
    number = clustering.fit(features, K + 1, Generator()).n_clusters_found

    assert ((probabilities == 0) | (probabilities == 1)).all() == schema.get("x-hard", False)
    assert (number != K + 1) == schema.get("x-finds-number", False)


@every_stem
def test_the_same_seed_gives_the_same_bytes(stem):
    features, _ = blobs()

    first, second = fit(stem, features), fit(stem, features.clone())

    assert first.state_dict().keys() == second.state_dict().keys()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


@every_stem
def test_a_loaded_result_assigns_as_before(stem):
    features, _ = blobs()
    fitted, loaded = fit(stem, features), built(CASES[stem]).unfitted()

    assert not loaded.is_fitted
    loaded.load_state_dict(saved(fitted.state_dict()))

    assert loaded.is_fitted
    assert loaded.n_clusters_found == fitted.n_clusters_found
    assert torch.equal(loaded.log_assignments(features), fitted.log_assignments(features))
    assert not [*fitted.parameters()]


@every_stem
def test_double_precision_gives_the_same_in_double_precision(stem):
    features, _ = blobs(torch.float64)

    exact, single = fit(stem, features), fit(stem, features.float())
    log_assignments = exact.log_assignments(features)

    assert log_assignments.dtype == torch.float64
    expected = single.log_assignments(features.float()).exp().double()
    torch.testing.assert_close(log_assignments.exp(), expected, atol=1e-4, rtol=0)


@every_stem
def test_a_sample_is_assigned_by_itself_and_is_not_modified(stem):
    features, _ = blobs()
    before, order = features.clone(), torch.randperm(N, generator=Generator().manual_seed(0))
    fitted = fit(stem, features)

    whole = fitted.log_assignments(features)

    torch.testing.assert_close(fitted.log_assignments(features[order]), whole[order])
    torch.testing.assert_close(fitted.log_assignments(features[3:4]), whole[3:4])
    assert torch.equal(features, before)


@every_stem
def test_features_may_be_computed_by_row(stem):
    class Rows:
        def __len__(self):
            return N

        def __getitem__(self, indices):
            return features[indices]

    features, _ = blobs()

    torch.testing.assert_close(
        fit(stem, Rows()).log_assignments(features), fit(stem, features).log_assignments(features)
    )


@every_stem
def test_features_without_values_get_a_result_without_values(stem):
    fitted = fit(stem, torch.empty(N, WIDTH, device="meta"))
    features = torch.empty(7, WIDTH, device="meta")

    assert fitted.is_fitted
    assert fitted.log_assignments(features).shape == (7, K)
    assert centers_of(fitted, features, K).shape == (K, WIDTH)


@every_stem
def test_an_unfitted_result_needs_no_values(stem):
    with torch.device("meta"):
        unfitted = built(CASES[stem]).unfitted()

    assert not unfitted.is_fitted
    assert {value.device.type for value in unfitted.state_dict().values()} == {"meta"}


@every_stem
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_too_few_samples_are_refused(stem, device):
    if CLUSTERINGS.schemas[stem].get("x-finds-number"):
        pytest.skip("it needs no sample for each cluster")
    with pytest.raises(TooFewSamplesError, match="2 samples cannot form 3 clusters"):
        fit(stem, torch.zeros(2, WIDTH, device=device))


@every_stem
def test_features_that_are_not_finite_are_refused(stem):
    features, _ = blobs()
    features[17, 1] = torch.nan

    with pytest.raises(DivergedError, match="not finite"):
        fit(stem, features)


@every_stem
def test_identical_samples_form_clusters_or_are_refused(stem):
    try:
        fitted = fit(stem, torch.ones(N, WIDTH))
    except ClusteringError:
        return
    assert not fitted.log_assignments(torch.ones(1, WIDTH)).isnan().any()


@every_stem
def test_any_clustering_gives_centers(stem):
    features, _ = blobs()
    fitted = fit(stem, features)

    centers = centers_of(fitted, features, fitted.n_clusters_found)

    assert (centers.shape, centers.dtype) == ((fitted.n_clusters_found, WIDTH), features.dtype)
    assert centers.isfinite().all()


@every_stem
def test_tight_groups_are_found(stem):
    if CLUSTERINGS.schemas[stem].get("x-baseline"):
        pytest.skip("a baseline looks for no groups")
    features, groups = blobs()

    clusters = clusters_of(fit(stem, features), features)

    assert len({*zip(clusters.tolist(), groups.tolist(), strict=True)}) == K
