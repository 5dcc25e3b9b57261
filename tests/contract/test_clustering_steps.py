"""The contract of steps before a clustering, checked for every one of them."""

import inspect
import io
import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Generator

import dcrf.clusterings.steps
from dcrf.builder.components import build_entry
from dcrf.clusterings.base import centers_of
from dcrf.clusterings.k_means import KMeans
from dcrf.clusterings.steps.base import ClusteringStep, Embedding, Transformation
from dcrf.config.defaults import filled
from dcrf.errors import DivergedError
from dcrf.schema.registry import CLUSTERING_STEPS, CLUSTERINGS

TESTS = Path(__file__).parents[1]
FOLDER = TESTS / "cases" / "clustering_steps"
CASES = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
N, K, WIDTH = 48, 3, 6
GROUPS = torch.arange(K).repeat(N // K)


def tried(stem):
    """A stem; one that needs an extra is slow, since it compiles, and skipped without the extra."""
    source = (Path(dcrf.clusterings.steps.__file__).parent / f"{stem}.py").read_text()
    package = re.search(r'optional_package\("(\w+)', source)
    if package is None:
        return stem
    is_missing = find_spec(package[1]) is None
    reason = f"needs {package[1]}"
    return pytest.param(
        stem, marks=[pytest.mark.slow, pytest.mark.skipif(is_missing, reason=reason)]
    )


every_stem = pytest.mark.parametrize("stem", CLUSTERING_STEPS.schemas)
every_fitted_stem = pytest.mark.parametrize("stem", [*map(tried, CLUSTERING_STEPS.schemas)])


def stems(folder, prefix="", ending="py"):
    return {f.stem.removeprefix(prefix) for f in folder.glob(f"{prefix}*.{ending}")} - {"__init__"}


def entry_after(*steps, method="k_means"):
    """A clustering after steps, as `load_checked` fills it in a reclustering."""
    clustering = {"method": method, "steps": [*steps]}
    data = {"reclusterings": [{"name": "any", "clustering": clustering}]}
    return filled(data, Path())["reclusterings"][0]["clustering"]


def built(*steps, method="k_means"):
    return build_entry(CLUSTERINGS, entry_after(*steps, method=method))


def step_of(stem):
    (entry,) = entry_after(CASES[stem])["steps"]
    return build_entry(CLUSTERING_STEPS, entry)


def blobs(dtype=torch.float32):
    """Three tight groups in different directions, of values that have a logarithm."""
    generator = Generator().manual_seed(1)
    means = 6 * torch.eye(K, WIDTH, dtype=dtype)
    return means[GROUPS] + 0.3 * torch.randn(N, WIDTH, generator=generator, dtype=dtype).abs()


def fit(stem, features, seed=0):
    return built(CASES[stem]).fit(features, K, Generator().manual_seed(seed))


def clusters_of(fitted, features):
    return fitted.log_assignments(features).argmax(1)


def test_every_step_has_a_module_a_case_and_a_unit_test():
    known = CLUSTERING_STEPS.schemas.keys()

    assert known
    assert stems(Path(dcrf.clusterings.steps.__file__).parent) - {"base"} == known
    assert stems(FOLDER, ending="json") == known
    assert stems(TESTS / "unit" / "clusterings" / "steps", "test_") - {"base"} == known


@pytest.mark.parametrize("stem", CLUSTERINGS.schemas)
def test_every_clustering_may_follow_steps(stem):
    shared = {"$ref": "../shared.json#/$defs/clustering_steps"}
    assert CLUSTERINGS.schemas[stem]["properties"]["steps"] == shared


@every_stem
def test_the_name_leads_to_the_one_class(stem):
    step = CLUSTERING_STEPS.resolve(stem)

    assert CLUSTERING_STEPS.stems[stem] == stem
    assert issubclass(step, ClusteringStep)
    assert issubclass(step, Transformation) != issubclass(step, Embedding)
    assert step.__name__ == "".join(word.capitalize() for word in stem.split("_"))


@every_stem
def test_schema_and_constructor_have_the_same_arguments(stem):
    known = CLUSTERING_STEPS.properties(stem)
    keys = {key for key, schema in known.items() if not schema.get("x-framework")}
    parameters = inspect.signature(CLUSTERING_STEPS.resolve(stem)).parameters

    assert keys == parameters.keys()
    assert {p.kind for p in parameters.values()} <= {inspect.Parameter.KEYWORD_ONLY}


@every_stem
def test_docstring_and_description_tell_arguments_and_new_samples(stem):
    step = CLUSTERING_STEPS.resolve(stem)
    text = inspect.getdoc(step)

    assert "\nNew samples: " in text
    assert "New samples" in CLUSTERING_STEPS.schemas[stem]["description"]
    for name in inspect.signature(step).parameters:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*: ", text, re.MULTILINE), name


@every_fitted_stem
def test_tight_groups_are_found_and_new_samples_join_them(stem):
    features = blobs()
    fitted = fit(stem, features)

    clusters = clusters_of(fitted, features)
    new = clusters_of(fitted, features + 0.05)

    assert fitted.n_clusters_found == K
    assert len({*zip(clusters.tolist(), GROUPS.tolist(), strict=True)}) == K
    assert torch.equal(new, clusters)


@every_fitted_stem
def test_the_width_is_that_of_transformed_rows(stem):
    step, features = step_of(stem), blobs()
    widths = []

    class Probe(KMeans):
        def fit_rows(self, rows, n_clusters, generator):
            widths.append(rows[torch.arange(2)].shape[1])
            return super().fit_rows(rows, n_clusters, generator)

    step.wrap(Probe(num_restarts=1)).fit(features, K, Generator())

    assert widths == [step.width(N, WIDTH)]


@every_fitted_stem
def test_the_same_seed_gives_the_same_bytes(stem):
    first, second = fit(stem, blobs()), fit(stem, blobs())

    assert first.state_dict().keys() == second.state_dict().keys()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


@every_fitted_stem
def test_a_loaded_result_assigns_as_before(stem):
    features = blobs()
    fitted, loaded = fit(stem, features), built(CASES[stem]).unfitted()
    file = io.BytesIO()
    torch.save(fitted.state_dict(), file)
    file.seek(0)

    assert not loaded.is_fitted
    loaded.load_state_dict(torch.load(file, weights_only=True))

    assert loaded.is_fitted
    assert torch.equal(loaded.log_assignments(features), fitted.log_assignments(features))
    assert not [*fitted.parameters()]


@every_fitted_stem
def test_an_unfitted_one_can_be_built_on_the_meta_device(stem):
    with torch.device("meta"):
        assert not built(CASES[stem]).unfitted().is_fitted


@every_fitted_stem
def test_double_precision_gives_double_precision(stem):
    features = blobs(torch.float64)
    log_assignments = fit(stem, features).log_assignments(features)

    assert log_assignments.dtype == torch.float64
    assert fit(stem, features.float()).log_assignments(features.float()).dtype == torch.float32


@every_fitted_stem
def test_a_sample_is_assigned_by_itself_and_is_not_modified(stem):
    features = blobs()
    before, order = features.clone(), torch.randperm(N, generator=Generator().manual_seed(0))
    fitted = fit(stem, features)

    whole = fitted.log_assignments(features)

    torch.testing.assert_close(fitted.log_assignments(features[order]), whole[order])
    torch.testing.assert_close(fitted.log_assignments(features[3:4]), whole[3:4])
    assert torch.equal(features, before)


@every_fitted_stem
def test_features_may_be_computed_by_row(stem):
    class Rows:
        def __len__(self):
            return N

        def __getitem__(self, indices):
            return features[indices]

    features = blobs()

    assert torch.equal(
        fit(stem, Rows()).log_assignments(features), fit(stem, features).log_assignments(features)
    )


@every_fitted_stem
def test_features_without_values_get_a_result_without_values(stem):
    fitted = fit(stem, torch.empty(N, WIDTH, device="meta"))
    features = torch.empty(7, WIDTH, device="meta")

    assert fitted.log_assignments(features).shape == (7, K)
    assert centers_of(fitted, features, K).shape == (K, WIDTH)


@every_fitted_stem
def test_features_that_are_not_finite_are_refused(stem):
    features = blobs()
    features[17, 1] = torch.nan

    with pytest.raises(DivergedError, match="not finite"):
        fit(stem, features)


@every_fitted_stem
def test_equal_samples_get_no_nan(stem):
    rows = torch.ones(N, WIDTH)

    assert not fit(stem, rows).log_assignments(rows).isnan().any()


@every_fitted_stem
def test_centers_are_means_of_features(stem):
    features = blobs()
    fitted = fit(stem, features)
    clusters = clusters_of(fitted, features)

    assert fitted.centers is None
    torch.testing.assert_close(
        centers_of(fitted, features, K),
        torch.stack([features[clusters == k].mean(0) for k in range(K)]),
    )


@every_fitted_stem
def test_steps_follow_one_another(stem):
    features = blobs()
    clustering = built("l2_normalize", CASES[stem], "l2_normalize", method="gaussian_mixture")
    fitted, loaded = clustering.fit(features, K, Generator()), clustering.unfitted()
    loaded.load_state_dict(fitted.state_dict())

    log_assignments = fitted.log_assignments(features)

    torch.testing.assert_close(log_assignments.exp().sum(1), torch.ones(N))
    assert torch.equal(loaded.log_assignments(features), log_assignments)
