"""Sizes of data sets and shapes of views, before a sample is read."""

import pytest

from dcrf.builder.components import collecting
from dcrf.builder.samples import expected
from tests.cases.methods import digits


@pytest.fixture
def look(load):
    def looker(**changes):
        problems = []
        (entry,) = load(datasets=[digits(**changes)]).datasets
        return expected(entry, {"view"}, collecting(problems)), [
            problem.path for problem in problems
        ]

    return looker


def view(*transforms):
    return [{"name": "view", "transforms": list(transforms)}]


def test_views_may_have_shapes_of_their_own(look):
    crop = {"type": "RandomCrop", "size": 5}

    found, problems = look(batch_augmentations=view(crop))

    assert (found.n_samples, found.has_labels, problems) == (200, True, [])
    assert found.shapes == {"": (1, 8, 8), "view": (1, 5, 5)}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"batch_size": 201}, "batch_size"),
        ({"num_clusters": 201}, "num_clusters"),
        ({"index_of_last_sample_to_use": 1797}, "index_of_last_sample_to_use"),
        (
            {"index_of_first_sample_to_use": 1797, "index_of_last_sample_to_use": 1798},
            "index_of_last_sample_to_use",
        ),
        (
            {
                "batch_augmentations": view(
                    {"type": "RandomAffine", "degrees": 5}, {"type": "RandomCrop", "size": 15}
                )
            },
            "batch_augmentations[0].transforms[1]",
        ),
        (
            {
                "batch_augmentations": view(
                    {"type": "Resize", "size": 9},
                    {"type": "RandomCrop", "size": 15_000, "pad_if_needed": True},
                )
            },
            "batch_augmentations[0].transforms[1]",
        ),
        ({"transforms": [{"type": "Normalize", "mean": [0.1, 0.1], "std": [1]}]}, "transforms[0]"),
    ],
)
def test_what_does_not_fit_has_its_place(look, changes, place):
    assert look(**changes)[1] == [f"$.datasets[0].{place}"]


def test_an_incomplete_batch_is_enough_where_it_is_kept(look):
    assert look(batch_size=201, drop_last=False)[1] == []


def test_samples_that_come_out_in_different_shapes(look):
    odd = {"type": "RandomRotation", "degrees": 45, "expand": True}

    assert look(batch_augmentations=view(odd))[1] == [
        "$.datasets[0].batch_augmentations[0].transforms"
    ]
