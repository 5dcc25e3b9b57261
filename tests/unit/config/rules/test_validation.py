import pytest

from dcrf.config import load_checked
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
