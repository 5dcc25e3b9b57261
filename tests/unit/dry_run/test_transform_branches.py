"""What transforms do by chance, made sure."""

import pytest

from dcrf.data.transforms.build import build_transforms
from dcrf.dry_run.transform_branches import sure_variants
from dcrf.safety.limits import DRY_RUN_BRANCHES

CROP, GRAY = {"type": "CenterCrop", "size": 4}, {"type": "Grayscale"}
TENSOR = {"type": "ToTensor"}


def by_chance(*members, **options):
    return {"type": "RandomApply", "transforms": list(members), **options}


def one_of(*members, **options):
    return {"type": "RandomChoice", "transforms": list(members), **options}


@pytest.mark.parametrize(
    ("entries", "variants"),
    [
        ([], []),
        ([TENSOR, {"type": "RandomCrop", "size": 5}], []),
        ([by_chance(CROP, p=1)], []),
        ([{"type": "RandomGrayscale", "p": 0}], []),
        ([by_chance(CROP, p=0.1)], [[by_chance(CROP, p=0.0)], [by_chance(CROP, p=1.0)]]),
        ([by_chance(CROP)], [[by_chance(CROP, p=0.0)], [by_chance(CROP, p=1.0)]]),
        (
            [{"type": "RandomApply", "positional_arguments": [[CROP], 0.1]}, TENSOR],
            [[by_chance(CROP, p=0.0), TENSOR], [by_chance(CROP, p=1.0), TENSOR]],
        ),
        ([one_of(CROP, GRAY), TENSOR], [[CROP, TENSOR], [GRAY, TENSOR]]),
        ([one_of(CROP, GRAY, TENSOR, p=[1, 0, 2])], [[CROP], [TENSOR]]),
        (
            [one_of(CROP, one_of(GRAY, TENSOR)), one_of(TENSOR, CROP)],
            [[CROP, TENSOR], [GRAY, CROP], [TENSOR, TENSOR]],
        ),
        (
            [{"type": "Compose", "transforms": [one_of(CROP, GRAY)]}],
            [[{"type": "Compose", "transforms": [some]}] for some in (CROP, GRAY)],
        ),
    ],
)
def test_each_chance_is_taken_and_left(entries, variants):
    assert sure_variants(entries) == variants
    for variant in variants:
        build_transforms(variant)


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "RandomErasing"},
        {"type": "RandomPerspective", "positional_arguments": [0.3]},
        {"type": "RandomPosterize", "bits": 4, "p": 0.2},
    ],
)
def test_variants_differ_in_nothing_else(entry):
    (given,) = build_transforms([entry])
    never, always = (build_transforms(variant)[0] for variant in sure_variants([entry]))

    assert (never.p, always.p) == (0, 1)
    assert repr(always).replace("p=1.0", "") == repr(given).replace(f"p={given.p}", "")


def test_what_is_no_argument_stays_for_the_builder_to_refuse():
    assert sure_variants([{"type": "RandomChoice", "size": 3}, TENSOR]) == []


def test_very_many_alternatives_are_not_all_tried():
    many = one_of(*[CROP] * 100)

    assert len(sure_variants([{"type": "Compose", "transforms": [one_of(*[many] * 5)]}])) == (
        DRY_RUN_BRANCHES
    )
