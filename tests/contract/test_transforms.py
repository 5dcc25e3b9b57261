"""The contract of transforms of our own, checked for every one that a file may name."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from dcrf.config.rules.torch_signatures import check_call
from dcrf.data.transforms.batched import apply_batched, batched_transforms
from dcrf.data.transforms.build import build_transforms
from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams
from dcrf.schema.allowed_names import OWN_TRANSFORMS
from dcrf.schema.generate import signature_of
from dcrf.schema.registry import SCHEMA

TESTS = Path(__file__).parents[1]
CASES = {
    file.stem: json.loads(file.read_text())
    for file in sorted(TESTS.glob("cases/transforms/*.json"))
}
SHAPES = [(7,), (3, 6, 5)]

every_transform = pytest.mark.parametrize("stem", OWN_TRANSFORMS)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def samples_of(shape, n=9):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(0))


def transformed(stem, samples, seed=0):
    transforms = batched_transforms(build_transforms([CASES[stem]]), from_images=False)
    return apply_batched(transforms, samples, torch.Generator().manual_seed(seed))


def test_every_transform_has_a_case_and_a_unit_test():
    folder = TESTS / "unit/data/transforms/own"
    unit_tests = {file.stem.removeprefix("test_") for file in folder.glob("test_*.py")}

    assert CASES.keys() == unit_tests == OWN_TRANSFORMS.keys()


@every_transform
def test_a_transform_has_the_name_of_its_class_and_describes_itself(stem):
    table = json.loads((SCHEMA / "names/transforms.json").read_text())["names"]

    assert OWN_TRANSFORMS[stem].__name__ == "".join(map(str.capitalize, stem.split("_")))
    assert len(table[stem]["description"]) > 20


@every_transform
def test_arguments_are_typed_keywords_and_checked(stem):
    arguments = {key: value for key, value in CASES[stem].items() if key != "type"}

    assert check_call("transforms", stem, arguments, "$") == []
    for name, parameter in signature_of(OWN_TRANSFORMS[stem]).items():
        assert parameter.annotation is not parameter.empty, name
        assert parameter.kind is parameter.KEYWORD_ONLY, name
    for value in ("no number", [0.5], True, None, 10**400):
        with pytest.raises(DataError, match=f"transform {stem} rejects its arguments"):
            build_transforms([{**CASES[stem], **dict.fromkeys(arguments, value)}])


@every_transform
@every_shape
def test_a_batch_keeps_its_shape_and_the_samples_do_not_change(stem, shape):
    samples = samples_of(shape)
    before = samples.clone()

    result = transformed(stem, samples)

    assert result.shape == samples.shape
    assert result.dtype == samples.dtype
    assert result.isfinite().all()
    assert not torch.equal(result, samples)
    assert torch.equal(samples, before)


@every_transform
@every_shape
def test_draws_depend_on_the_generator_only(stem, shape):
    samples = samples_of(shape)
    first, again, other = (transformed(stem, samples, seed) for seed in (5, 5, 6))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@every_transform
def test_a_transform_runs_on_other_devices(stem):
    assert transformed(stem, samples_of((4,)).to("meta")).device.type == "meta"


@every_transform
def test_a_lone_sample_is_a_batch_of_one(stem):
    sample = samples_of((7,))[0]
    view = View([CASES[stem]], RandomStreams(0), sample)
    first, again = (view.transform_sample(sample, ("draw",)) for _ in range(2))

    assert view.is_random
    assert first.shape == sample.shape
    assert torch.equal(first, again)
    assert torch.equal(first, sample) == OWN_TRANSFORMS[stem].needs_others


@every_transform
def test_an_image_that_is_not_a_tensor_is_an_error_with_its_remedy(stem):
    image = Image.new("L", (4, 4))

    with pytest.raises(DataError, match=r"ToTensor.* before it"):
        View([CASES[stem], {"type": "ToTensor"}], RandomStreams(0), image)

    view = View([{"type": "ToTensor"}, CASES[stem]], RandomStreams(0), image)
    assert view.transform_batch(torch.zeros(3, 1, 4, 4), ()).shape == (3, 1, 4, 4)
