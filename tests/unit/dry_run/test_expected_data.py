"""Sizes of data sets and shapes of views, before a sample is read."""

import numpy as np
import pytest
import torch

from dcrf.builder.components import collecting
from dcrf.data.sources.outline import Outline
from dcrf.dry_run import expected_data as module
from dcrf.dry_run.expected_data import expected_data
from tests.cases.methods import digits


@pytest.fixture
def look(load):
    def looker(**changes):
        problems = []
        (entry,) = load(datasets=[digits(**changes)]).datasets
        return expected_data(entry, {"view"}, collecting(problems)), [
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


GRAYSCALE = {"type": "Grayscale"}
SIZE = {"type": "Resize", "size": [8, 8]}
TENSOR = {"type": "ToTensor"}


def normalize(channels):
    return {"type": "Normalize", "mean": [0.5] * channels, "std": [0.5] * channels}


@pytest.fixture
def of_unknown_size(look):
    """Look at colored images, whose size only reading them tells."""

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


@pytest.fixture
def folder(tmp_path):
    for number in range(20):
        path = tmp_path / f"images/{number % 2}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    return tmp_path / "images"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"batch_size": 21}, "batch_size"),
        ({"index_of_last_sample_to_use": 20}, "index_of_last_sample_to_use"),
        ({"root": "empty"}, "root"),
    ],
)
def test_images_in_folders_are_counted(look, folder, changes, place):
    sizes = {"batch_size": 20, "num_clusters": 10, "index_of_last_sample_to_use": 19}
    data = {"source": "torchvision", "dataset": "ImageFolder", "root": folder.name, **sizes}

    assert (look(**data)[0].n_samples, look(**data)[1]) == (20, [])
    assert look(**data | changes)[1] == [f"$.datasets[0].{place}"]


IMAGES, SMALL_IMAGES = np.zeros((60, 8, 8), np.uint8), np.zeros((60, 7, 7), np.uint8)
COLORED, VECTORS = np.zeros((60, 8, 8, 3), np.uint8), np.zeros((60, 5), np.float32)
FLOATS = np.zeros((60, 1, 8, 8), np.float32)


@pytest.fixture
def look_at_arrays(look, tmp_path):
    """Look at a data set whose parts are arrays, and of which 60 samples are used."""

    def looker(*arrays, **changes):
        parts = []
        for number, array in enumerate(arrays):
            np.savez(tmp_path / f"{number}.npz", samples=array, labels=np.zeros(len(array), int))
            parts.append({"path": f"{number}.npz"})
        changes = {
            "batch_augmentations": view(GRAYSCALE, SIZE),
            "index_of_last_sample_to_use": 119,
        } | changes
        found, problems = look(**{"source": "npz", "parts": parts, **changes})
        return found.shapes and found.shapes[""], problems

    return looker


@pytest.mark.parametrize(
    ("other", "transforms", "place"),
    [
        (SMALL_IMAGES, [TENSOR], ""),
        (COLORED, [SIZE, TENSOR], ""),
        (COLORED, [TENSOR, normalize(3)], "[1]"),
        (FLOATS, [{"type": "RandomPosterize", "bits": 4}, TENSOR], "[0]"),
        (VECTORS, [], ""),
    ],
)
def test_parts_that_do_not_fit_together(look_at_arrays, other, transforms, place):
    shape, problems = look_at_arrays(
        IMAGES, other, transforms=transforms, batch_augmentations=view()
    )

    assert (shape, problems[0]) == (None, f"$.datasets[0].transforms{place}")


@pytest.mark.parametrize(
    ("other", "changes"),
    [
        (SMALL_IMAGES, {"transforms": [SIZE, TENSOR]}),
        (COLORED, {"transforms": [GRAYSCALE, TENSOR]}),
        (FLOATS, {}),
        (VECTORS, {"index_of_last_sample_to_use": 59}),
    ],
)
def test_parts_that_transforms_or_a_range_make_alike(look_at_arrays, other, changes):
    assert look_at_arrays(IMAGES, other, **changes) == ((1, 8, 8), [])


def test_ranges_may_leave_the_first_part_out(look_at_arrays):
    ends = {"index_of_first_sample_to_use": 60, "index_of_last_sample_to_use": 119}

    assert look_at_arrays(VECTORS, IMAGES, **ends) == ((1, 8, 8), [])


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"path": "bad"}, "path"),
        ({"path": "0.npz", "parts": [{}, {"path": "bad"}]}, "parts[1].path"),
        ({"path": "0.npz", "labels_key": "label"}, "labels_key"),
        ({"path": "0.npz", "labels_key": "samples"}, "labels_key"),
        ({"path": "0.npz", "samples_key": "sampels"}, "samples_key"),
        ({"path": "no_samples.npz"}, "samples_key"),
        ({"source": "npy", "path": "0.npy", "labels_path": "0.npy"}, "labels_path"),
        ({"source": "npy", "path": "bad", "labels_path": "0.npy"}, "path"),
    ],
)
def test_the_option_at_fault_is_named(look, tmp_path, changes, place):
    (tmp_path / "bad").write_bytes(b"PK")
    np.save(tmp_path / "0.npy", IMAGES)
    np.savez(tmp_path / "0.npz", samples=IMAGES)
    np.savez(tmp_path / "no_samples.npz", x=IMAGES)

    assert look(**{"source": "npz", **changes})[1] == [f"$.datasets[0].{place}"]


def test_a_name_that_is_almost_one_of_an_array(load, tmp_path):
    np.savez(tmp_path / "0.npz", samples=IMAGES)
    changes = {"source": "npz", "path": "0.npz", "samples_key": "sampels"}
    problems = []
    expected_data(load(datasets=[digits(**changes)]).datasets[0], {}, collecting(problems))

    assert problems[0].found.endswith("; did you mean 'samples'?")


def test_chances_that_change_no_shape(look):
    flip = {"type": "RandomApply", "transforms": [{"type": "RandomHorizontalFlip"}], "p": 0.1}
    sizes = {"type": "RandomChoice", "transforms": [SIZE, {"type": "Resize", "size": 4}]}
    found, problems = look(batch_augmentations=view(flip, sizes, {"type": "RandomErasing"}, SIZE))

    assert (found.shapes["view"], problems) == ((1, 8, 8), [])


@pytest.fixture
def message(load, tmp_path):
    """The message about the transforms of 60 samples of a shape."""

    def messenger(shape, kind, *transforms):
        np.save(tmp_path / "samples.npy", np.zeros((60, *shape), kind))
        data = digits(source="npy", dataset="d", path="samples.npy", transforms=transforms)
        del data["index_of_last_sample_to_use"]
        problems = []
        (entry,) = load(datasets=[data | {"batch_augmentations": view(SIZE, TENSOR)}]).datasets
        expected_data(entry, (), collecting(problems))
        return next(p.found for p in problems if ".transforms[" in p.path)

    return messenger


@pytest.mark.parametrize(
    ("shape", "kind", "transforms", "ending"),
    [
        ((8, 8), np.uint8, [TENSOR, normalize(3)], "of shape (1, 8, 8), with 1 channel"),
        ((8, 8, 3), np.uint8, [SIZE, TENSOR, normalize(4)], "of shape (3, 8, 8), with 3 channels"),
        ((64,), np.float32, [{"type": "RandomErasing", "p": 1}], "of shape (64,), which are not "
         "images"),
    ],
)  # fmt: skip
def test_a_transform_that_fails_says_which_samples_it_gets(
    message, shape, kind, transforms, ending
):
    assert message(shape, kind, *transforms).endswith(f"it gets samples {ending}")


def test_no_size_is_given_for_images_of_unknown_size(load):
    data = digits(source="torchvision", dataset="DTD", root=".", transforms=[TENSOR, normalize(2)])
    del data["index_of_last_sample_to_use"]
    problems = []
    (entry,) = load(datasets=[data | {"batch_augmentations": view(SIZE, TENSOR)}]).datasets

    expected_data(entry, (), collecting(problems))

    assert problems[0].found.endswith("it gets samples of shape (3, H, W), with 3 channels")
    assert "57" not in problems[0].found


def outlined(monkeypatch, *shapes):
    """Let the data set have images of these shapes, in files `0.png`, `1.png` and so on."""
    examples = tuple(torch.zeros(shape, dtype=torch.uint8) for shape in shapes)
    names = tuple(f"{number}.png" for number in range(len(shapes)))
    outline = Outline(200, examples, True, origins=names)
    monkeypatch.setattr(module, "outline_data", lambda *_: outline)


def test_files_of_different_shapes_are_a_problem_unless_transforms_make_them_equal(
    load, monkeypatch
):
    outlined(monkeypatch, (3, 8, 9), (3, 8, 9), (3, 7, 9))
    resize = [{"type": "Resize", "size": 8}, {"type": "CenterCrop", "size": 8}]
    changes = {"batch_augmentations": view(*resize)}

    def problems(**others):
        problems = []
        (entry,) = load(datasets=[digits(**changes, **others)]).datasets
        return expected_data(entry, (), collecting(problems)).shapes, problems

    shapes, (problem,) = problems()
    assert (shapes, problem.path) == (None, "$.datasets[0].transforms")
    assert "0.png has (3, 8, 9), and 2.png (3, 7, 9)" in problem.found
    assert '"Resize"' in problem.found
    assert problems(transforms=resize) == ({"": (3, 8, 8), "view": (3, 8, 8)}, [])


def test_a_file_that_does_not_fit_a_transform_is_named(load, monkeypatch):
    outlined(monkeypatch, (3, 8, 8), (3, 4, 8))
    crop, square = [{"type": "RandomCrop", "size": 6}], {"type": "Resize", "size": [8, 8]}
    problems = []
    (entry,) = load(datasets=[digits(batch_augmentations=view(square), transforms=crop)]).datasets

    assert expected_data(entry, (), collecting(problems)).shapes is None
    assert [problem.path for problem in problems] == ["$.datasets[0].transforms[0]"]
    assert problems[0].found.startswith("1.png: transform RandomCrop fails")
