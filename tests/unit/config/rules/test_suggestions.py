"""Suggestions name the right thing, and no file makes them expensive."""

import pytest

from dcrf.config.rules import suggestions
from dcrf.config.rules.suggestions import closest, listed
from dcrf.safety.limits import (
    PROBLEMS_OF_A_KIND,
    SUGGESTION_CANDIDATES_CHARACTERS,
    SUGGESTION_CHARACTERS,
)
from tests.unit.config.methods import dec, problems


def test_the_name_that_is_most_alike():
    assert closest("decodr", ["encoder", "decoder"]) == "decoder"
    assert closest("ADAM", ["Adam", "AdamW"]) == "Adam"
    assert closest("dek", ["dkm", "dec"]) == "dec"  # both are as similar; this one begins like it
    assert closest("flatten", ["encoder", "decoder"]) is None
    assert closest("encodr", ["encoder"], cutoff=0.99) is None


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("GaussianNoise", "GaussianBlur"),
        ("RandomFlip", "RandomAffine"),
        ("RandomNoise", "RandomChoice"),
        ("RandomCutout", "RandomCrop"),
        ("SpatialDropout", "AlphaDropout"),
        ("MaxPool2d", "AvgPool2d"),
        ("Attention", "Flatten"),
        ("encoder_depth", "encoder_name"),
    ],
)
def test_a_name_with_another_meaning_is_not_suggested(written, known):
    assert closest(written, [known]) is None


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("CosineLR", "CosineAnnealingLR"),
        ("RandomFlip", "RandomHorizontalFlip"),
        ("RandomRotate", "RandomRotation"),
        ("RandomErase", "RandomErasing"),
        ("max_iterations", "iterations"),
        ("batchsize", "batch_size"),
        ("l2_normalize", "normalize"),
        ("SDG", "SGD"),
        ("CIFAR", "CIFAR10"),
        ("LeakyRelu", "LeakyReLU"),
    ],
)
def test_a_misspelled_or_incomplete_name_is_suggested(written, known):
    assert closest(written, ["zzz", known]) == known


def test_the_next_best_name_is_suggested_if_the_best_means_something_else():
    flips = ["RandomAffine", "RandomHorizontalFlip"]

    assert closest("RandomFlip", flips) == "RandomHorizontalFlip"


def test_what_is_too_long_or_too_much_to_compare_is_not_compared(monkeypatch):
    assert closest("x" * SUGGESTION_CHARACTERS, ["x" * SUGGESTION_CHARACTERS]) is not None
    enough = ["xy" * 10] * (SUGGESTION_CANDIDATES_CHARACTERS // 20)
    assert closest("xy" * 10, enough) is not None

    monkeypatch.setattr(suggestions, "get_close_matches", None)  # whoever calls it fails
    assert closest("x" * (SUGGESTION_CHARACTERS + 1), ["x" * SUGGESTION_CHARACTERS]) is None
    assert closest("xy" * 10, [*enough, "z"]) is None


def test_a_list_has_a_readable_length():
    assert listed([]) == ""
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["x" * 400] * 5) == f"{'x' * 400}, {'x' * 400} and 3 more"
    assert len(listed(map(str, range(100_000)))) < 1100


def many_wrong_references(data):
    names = [f"n{number}" + "x" * 50 for number in range(3000)]
    data["phases"][0]["optimizers"][0]["trained_mapping_names"] = names


def many_unknown_keys(data):
    data |= {f"{'named'[: number % 5]}{number}": 1 for number in range(5000)}


def many_unknown_arguments(data):
    data["mappings"][0]["layers"][1] |= {f"typee{number}": 1 for number in range(5000)}


def many_unknown_classes(data):
    data["mappings"][0]["layers"] = [{"type": f"Linear{number}"} for number in range(3000)]


@pytest.mark.parametrize(
    "change",
    [many_wrong_references, many_unknown_keys, many_unknown_arguments, many_unknown_classes],
)
def test_of_very_many_problems_the_first_are_found(tmp_path, monkeypatch, change):
    data, asked = dec(), []
    change(data)
    compare = suggestions.get_close_matches
    monkeypatch.setattr(
        suggestions,
        "get_close_matches",
        lambda *words, **options: asked.append(1) or compare(*words, **options),
    )

    found = problems(tmp_path, data)

    assert 0 < len(found) <= 3 * PROBLEMS_OF_A_KIND
    assert len(asked) < 100 * PROBLEMS_OF_A_KIND
