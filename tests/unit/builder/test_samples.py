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


SIZE = {"type": "Resize", "size": [8, 8]}
TENSOR = {"type": "ToTensor"}


def normalize(channels):
    return {"type": "Normalize", "mean": [0.5] * channels, "std": [0.5] * channels}


@pytest.fixture
def of_unknown_size(look):
    """Look at coloured images, whose size only reading them tells."""

    def looker(*transforms):
        data = {"source": "torchvision", "dataset": "DTD", "root": "."}
        augmented = view(SIZE, TENSOR)
        found, problems = look(**data, transforms=transforms, batch_augmentations=augmented)
        return found.shapes and found.shapes[""], problems

    return looker


@pytest.mark.parametrize(
    ("transforms", "place"),
    [
        ([normalize(3), TENSOR], "[0]"),
        ([SIZE, TENSOR, normalize(2)], "[2]"),
        ([{"type": "RandomApply", "transforms": [normalize(3)], "p": 1}, TENSOR], "[0]"),
        ([SIZE, {"type": "PILToTensor"}], ""),
        ([{"type": "RandomCrop", "size": 5121}], "[0]"),
    ],
)
def test_what_fails_on_images_of_any_size_has_its_place(of_unknown_size, transforms, place):
    shapes, problems = of_unknown_size(*transforms)

    assert (shapes, problems) == (None, [f"$.datasets[0].transforms{place}"])


@pytest.mark.parametrize(
    "transforms",
    [
        [{"type": "RandomCrop", "size": 1000}],
        [{"type": "GaussianBlur", "kernel_size": 141}],
        [TENSOR],
    ],
)
def test_what_fails_on_some_sizes_may_fit_the_images(of_unknown_size, transforms):
    assert of_unknown_size(*transforms) == (None, [])


def test_a_transform_that_fixes_the_size_makes_it_known(of_unknown_size):
    assert of_unknown_size(SIZE, TENSOR, normalize(3)) == ((3, 8, 8), [])
