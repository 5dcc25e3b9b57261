import pytest

from dcrf.config import load_checked
from tests.cases import methods
from tests.cases.set_methods import SHAPES, UNSEEN, set_method
from tests.unit.config.methods import problem


def validating(**options):
    method = set_method(datasets=[SHAPES, UNSEEN])
    method["phases"][0]["validation"] = {"dataset": "unseen", "interval": 2, **options}
    return method


def test_a_phase_validates_on_a_data_set_that_it_does_not_train_on():
    (phase,) = load_checked(validating()).phases

    expected = {"dataset": "unseen", "interval": 2, "metric": "nmi", "keep_best": True}
    assert phase.validation == expected


@pytest.mark.parametrize("name", ["shapes", "unssen"])
def test_another_data_set_is_named(tmp_path, name):
    found = problem(tmp_path, validating(dataset=name))

    assert found.path == "$.phases[0].validation.dataset"


def test_numbers_of_clusters_are_the_same(tmp_path):
    method = validating()
    method["datasets"][1] = {**UNSEEN, "num_clusters": 4, "reinitialize_mappings": True}
    found = problem(tmp_path, method)

    assert found.path == "$.phases[0].validation.dataset"
    assert found.found == "'unseen' has num_clusters 4, but the phase trains for 3"


def test_the_best_of_two_kinds_cannot_be_kept(tmp_path):
    method = validating()
    method["phases"][0]["keep"] = "lowest_loss"

    assert problem(tmp_path, method).path == "$.phases[0].validation.keep_best"


def picturing(*datasets, **entry):
    method = set_method(datasets=[SHAPES, UNSEEN, *datasets])
    method["phases"][0]["problem_pictures"] = [{"dataset": "unseen", **entry}]
    return method


def test_a_phase_makes_pictures_of_any_data_set():
    assert load_checked(picturing()).phases[0].problem_pictures == (
        {"dataset": "unseen", "num_problems": 24},
    )
    assert load_checked(picturing(dataset="shapes", interval=3))


def test_pictures_of_an_unknown_data_set_are_refused(tmp_path):
    assert problem(tmp_path, picturing(dataset="unsen")).path == (
        "$.phases[0].problem_pictures[0].dataset"
    )


def test_pictures_show_problems_of_the_numbers_that_the_phase_trains_for(tmp_path):
    method = picturing()
    method["datasets"][1] = {**UNSEEN, "num_clusters": 4, "reinitialize_mappings": True}

    assert problem(tmp_path, method).found == (
        "'unseen' has num_clusters 4, but the phase trains for 3"
    )


def test_samples_are_no_clustering_problems(tmp_path):
    content = methods.method()
    name = content["datasets"][0]["name"]
    content["phases"][0]["problem_pictures"] = [{"dataset": name}]
    found = problem(tmp_path, content)

    assert found.path == "$.phases[0].problem_pictures[0].dataset"
    assert found.found == f"{name!r} has samples, not clustering problems"
