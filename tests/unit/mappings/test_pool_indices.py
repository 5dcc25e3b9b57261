"""The indices of pools belong to the pass that a tensor comes from."""

import copy

import pytest
import torch
from torch import nn

from dcrf.errors import TrainingError
from dcrf.mappings.forward_cache import cached_forwards
from dcrf.mappings.mapping import TrainableMapping
from dcrf.mappings.pool_indices import record_indices, recorded_indices
from tests.cases.compiling import compiles
from tests.cases.own_layers import build, extractor

POOL = {"type": "MaxPool2d", "name": "pool", "kernel_size": 2}
UNPOOL = {"type": "unpool_by_indices", "pool": "pool"}


def images(seed, n=3, shape=(1, 4, 4)):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


def expected(samples):
    values, indices = nn.functional.max_pool2d(samples, 2, return_indices=True)
    return nn.functional.max_unpool2d(values, indices, 2)


@pytest.fixture
def pair():
    """An encoder that pools, and a decoder that stands before it in the file."""
    mappings = build(extractor([UNPOOL], name="decoder"), extractor([POOL]))
    return mappings["encoder"], mappings["decoder"]


def test_a_decoder_undoes_the_pool_of_an_encoder_that_is_built_later(pair):
    encoder, decoder = pair

    assert torch.equal(decoder(encoder(images(0))), expected(images(0)))


def test_batches_whose_passes_interleave_keep_their_own_indices(pair):
    encoder, decoder = pair
    batches = [images(seed, n) for seed, n in enumerate((3, 3, 2))]

    codes = [encoder(batch) for batch in batches]

    for batch, code in [*zip(batches, codes, strict=True)][::-1]:
        assert torch.equal(decoder(code), expected(batch))


@pytest.mark.parametrize("training", [True, False])
def test_a_cached_pass_keeps_its_indices(pair, training):
    encoder, decoder = (mapping.train(training) for mapping in pair)
    first, second = images(0), images(1)
    with cached_forwards(pair), torch.set_grad_enabled(training):
        encoder(first)
        outputs = decoder(encoder(second)), decoder(encoder(first))

    assert torch.equal(outputs[0], expected(second))
    assert torch.equal(outputs[1], expected(first))


def test_indices_pass_through_mappings_between(pair):
    encoder, decoder = pair
    between = TrainableMapping([nn.Hardtanh(-9, 9)])
    head = TrainableMapping([nn.Hardtanh(-9, 9)], prior=encoder)

    assert torch.equal(decoder(between(encoder(images(0)))), expected(images(0)))
    assert torch.equal(decoder(head(images(0))), expected(images(0)))


def test_the_functions_of_a_mapping_do_not_lose_them():
    halved = {"function_name": "hardtanh", "min_val": -9.0, "max_val": 9.0}
    mappings = build(
        extractor([POOL], post_processing_functions=[halved]),
        extractor([UNPOOL], name="decoder", pre_processing_functions=[halved]),
    )

    output = mappings["decoder"](mappings["encoder"](images(0)))

    assert torch.equal(output, expected(images(0)))


def test_pools_of_several_levels_are_undone_by_their_names():
    second = {**POOL, "name": "second"}
    mappings = build(
        extractor([POOL, {"type": "Sequential", "positional_arguments": [second]}]),
        extractor([{**UNPOOL, "pool": "second"}, UNPOOL], name="decoder"),
    )
    samples = images(0, shape=(1, 8, 8))

    inner = nn.functional.max_pool2d(samples, 2)
    values, indices = nn.functional.max_pool2d(samples, 2, return_indices=True)
    output = nn.functional.max_unpool2d(expected(inner), indices, 2)

    assert torch.equal(mappings["decoder"](mappings["encoder"](samples)), output)
    assert values.shape == inner.shape


@pytest.mark.parametrize(
    "change",
    [
        lambda codes: codes.lerp(codes.flip(0), 0.5),
        lambda codes: codes + 0,
        lambda codes: codes[:2],
        lambda codes: codes.detach(),
    ],
)
def test_codes_that_were_made_otherwise_have_no_indices(pair, change):
    encoder, decoder = pair
    codes = change(encoder(images(0)))

    with pytest.raises(TrainingError, match="does not come, unchanged, from a pass"):
        decoder(codes)


def test_a_copy_of_both_mappings_works_on_its_own(pair):
    encoder, decoder = copy.deepcopy(pair)

    assert torch.equal(decoder(encoder(images(0))), expected(images(0)))


def test_a_teacher_that_is_a_copy_of_the_encoder_gives_codes_that_can_be_decoded(pair):
    encoder, decoder = pair

    assert torch.equal(decoder(copy.deepcopy(encoder)(images(0))), expected(images(0)))


def test_outside_of_a_pass_nothing_is_recorded():
    pool = nn.MaxPool2d(2)
    key = record_indices(pool)
    pool(images(0))

    assert recorded_indices(key) is None


def test_a_failed_pass_leaves_nothing_behind(pair):
    encoder, decoder = pair
    key = record_indices(encoder.net[0])
    broken = TrainableMapping([encoder.net[0], nn.Linear(7, 7)])

    with pytest.raises(TrainingError):
        broken(images(0))

    assert recorded_indices(key) is None
    with pytest.raises(TrainingError):
        decoder(images(0, shape=(1, 2, 2)))


def test_indices_are_no_state_of_a_mapping(pair):
    encoder, decoder = pair
    decoder(encoder(images(0)))

    assert encoder.state_dict() == decoder.state_dict() == {}


@compiles
@pytest.mark.slow
def test_compiled_mappings_pass_them_on():
    mappings = build(extractor([POOL]), extractor([UNPOOL], name="decoder"), compile=True)

    for seed in range(2):
        output = mappings["decoder"](mappings["encoder"](images(seed)))
        assert torch.equal(output, expected(images(seed)))
