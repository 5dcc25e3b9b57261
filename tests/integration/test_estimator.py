"""`dcrf.DeepClustering` is an estimator of scikit-learn."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import dcrf
from dcrf.evaluation.metrics.acc import Acc
from dcrf.runs.new_method import read_method
from tests.cases.methods import method

QUICK = {"max_iterations": 3, "random_state": 0, "device": "cpu"}
BLOBS, KNOWN = make_blobs(120, 5, centers=3, cluster_std=0.5, random_state=0)


@pytest.mark.filterwarnings("default::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([dcrf.DeepClustering(n_clusters=2, **QUICK)])
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_it_finds_blobs():
    estimator = dcrf.DeepClustering(n_clusters=3, max_iterations=200, random_state=0, device="cpu")

    labels = estimator.fit_predict(BLOBS)

    assert Acc()(KNOWN, labels) > 0.9
    assert estimator.cluster_centers_.shape == (3, 10)
    np.testing.assert_array_equal(estimator.predict(BLOBS), labels)
    np.testing.assert_allclose(estimator.predict_proba(BLOBS).sum(axis=1), 1, atol=1e-5)
    nearest = ((estimator.transform(BLOBS)[:, None] - estimator.cluster_centers_) ** 2).sum(axis=2)
    np.testing.assert_array_equal(nearest.argmin(axis=1), labels)


@pytest.mark.parametrize("name", ["k_means", "dec", "vade", "gaussian_mixture_usps"])
def test_any_shipped_method_for_rows_is_an_estimator(name):
    estimator = dcrf.DeepClustering(name, n_clusters=3, **QUICK).fit(BLOBS)

    assert set(estimator.predict(BLOBS[:7])) <= {0, 1, 2}
    assert len(estimator.labels_) == len(BLOBS)


@pytest.mark.parametrize("generator", [np.random.RandomState, np.random.default_rng])
def test_a_generator_is_a_random_state(generator):
    first, again = (
        dcrf.DeepClustering(n_clusters=3, **{**QUICK, "random_state": generator(5)}).fit(BLOBS)
        for _ in range(2)
    )

    np.testing.assert_array_equal(first.labels_, again.labels_)


def test_features_have_names_in_pipelines():
    pytest.importorskip("pandas")
    estimator = dcrf.DeepClustering(n_clusters=3, **QUICK)
    pipeline = make_pipeline(StandardScaler(), estimator).set_output(transform="pandas")
    frame = pipeline.fit(BLOBS).transform(BLOBS)

    assert [*frame.columns] == [*pipeline.get_feature_names_out()]
    assert frame.columns[0] == "deepclustering0"


def test_a_failed_fit_leaves_no_result():
    estimator = dcrf.DeepClustering(n_clusters=3, **QUICK).fit(BLOBS)

    with pytest.raises(ValueError, match="500"):
        estimator.set_params(n_clusters=500).fit(BLOBS[:, :3])

    with pytest.raises(NotFittedError):
        estimator.predict(BLOBS)
    assert not hasattr(estimator, "labels_")


def test_centers_of_an_earlier_method_are_gone():
    estimator = dcrf.DeepClustering("k_means", n_clusters=3, **QUICK).fit(BLOBS)
    assert estimator.cluster_centers_.shape == (3, 5)
    content = read_method("k_means")
    strategy = content["cluster_assignment_strategy"]
    strategy["classical_clustering_method_after_phase"] = "agglomerative"

    estimator.set_params(method=content).fit(BLOBS)

    assert not hasattr(estimator, "cluster_centers_")


def test_it_works_in_pipelines_and_searches():
    pipeline = make_pipeline(StandardScaler(), dcrf.DeepClustering(n_clusters=3, **QUICK))
    assert len(pipeline.fit_predict(BLOBS)) == len(BLOBS)

    def score(estimator, samples, known):
        return Acc()(known, estimator.predict(samples))

    search = GridSearchCV(
        dcrf.DeepClustering(**QUICK),
        {"n_clusters": [2, 3], "max_iterations": np.arange(2, 3)},
        scoring=score,
        cv=2,
    ).fit(BLOBS, KNOWN)
    assert search.best_params_["n_clusters"] in (2, 3)


def test_data_frames_need_the_columns_of_the_fit():
    pytest.importorskip("pandas")
    frame = load_iris(as_frame=True).data
    estimator = dcrf.DeepClustering(n_clusters=3, **QUICK).fit(frame)

    np.testing.assert_array_equal(estimator.predict(frame), estimator.labels_)
    assert list(estimator.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame[frame.columns[::-1]])


def test_equal_seeds_give_equal_clusters_also_after_pickling():
    first, second = (dcrf.DeepClustering(n_clusters=3, **QUICK).fit(BLOBS) for _ in range(2))
    copy = pickle.loads(pickle.dumps(first))

    np.testing.assert_array_equal(first.labels_, second.labels_)
    np.testing.assert_array_equal(copy.predict_proba(BLOBS), first.predict_proba(BLOBS))
    assert not hasattr(clone(first), "labels_")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"method": "decc"}, "did you mean 'dec'?"),
        ({"method": "dcec"}, "conv_1"),
        ({"n_clusters": 500}, "500"),
        ({"n_clusters": 0}, "num_clusters"),
    ],
)
def test_unusable_parameters_are_value_errors(parameters, words):
    with pytest.raises(ValueError, match=r"[\s\S]*") as raised:
        dcrf.DeepClustering(**{**QUICK, **parameters}).fit(BLOBS)

    assert words in str(raised.value)


def test_a_method_of_ones_own_is_a_dict():
    content = method()
    del content["phases"][1]["design_patterns"][2]  # its view is one of images
    del content["mappings"][1]["layers"][1]

    estimator = dcrf.DeepClustering(content, n_clusters=3, **QUICK).fit(BLOBS)

    assert estimator.transform(BLOBS).shape == (120, 5)
