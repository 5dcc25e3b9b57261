import pytest
import torch
from torch import Generator, nn

from dcrf.batch import Batch, Clock
from dcrf.design_patterns.layer_wise_pretraining import LayerWisePretraining
from dcrf.functional.reconstruction import dropout, squared_error
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import global_seed

LENGTHS = (3, 2, 4)
STAGE_OF = {1: 0, 3: 0, 4: 1, 5: 1, 6: 2, 9: 2, 10: 3, 1000: 3}
NAMES = {"outer": 0, "outer_activation": 1, "middle": 2, "middle_activation": 3, "inner": 4}


@pytest.fixture
def encoder():
    with global_seed(0):
        layers = [nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)]
    return TrainableMapping(layers, layer_names=NAMES)


@pytest.fixture
def decoder():
    names = {"inner": 0, "inner_activation": 1, "middle": 2, "middle_activation": 3, "outer": 4}
    with global_seed(1):
        layers = [nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 6)]
    return TrainableMapping(layers, layer_names=names)


@pytest.fixture
def batch():
    return Batch(torch.arange(8), torch.randn(8, 6, generator=Generator().manual_seed(2)))


def pattern(encoder, decoder, rate=0.2):
    groups = [
        (["outer", "outer_activation"], ["outer"]),
        (["middle", "middle_activation"], ["middle", "middle_activation"]),
        (["inner"], ["inner", "inner_activation"]),
    ]
    pairs = [
        {"encoder_layer_names": e, "decoder_layer_names": d, "train_for_iterations": n}
        for (e, d), n in zip(groups, LENGTHS, strict=True)
    ]
    return LayerWisePretraining(
        encoder=encoder,
        decoder=decoder,
        dropout_rate=rate,
        encoder_decoder_layer_pairs=pairs,
        generator=Generator().manual_seed(3),
    )


def loss_at(pretraining, iteration, batch):
    pretraining.before_iteration(Clock(epoch=1, iteration=iteration), None)
    return pretraining(batch)["reconstruction"]


@pytest.mark.parametrize(("iteration", "stage"), STAGE_OF.items())
def test_only_the_layers_of_the_stage_get_gradients(encoder, decoder, batch, iteration, stage):
    loss_at(pattern(encoder, decoder), iteration, batch).backward()
    trained = [
        [layer.weight.grad is not None for layer in net[::2]]
        for net in (encoder.net, decoder.net[::-1])
    ]
    expected = [stage in (3, position) for position in range(3)]

    assert trained == [expected, expected]


def test_the_first_stage_sees_clean_samples_and_drops_hidden_outputs(encoder, decoder, batch):
    loss = loss_at(pattern(encoder, decoder), 1, batch)
    draws = Generator().manual_seed(3)
    hidden = dropout(encoder.net[:2](batch.samples), 0.2, draws)

    torch.testing.assert_close(loss, squared_error(decoder.net[4](hidden), batch.samples))


def test_a_middle_stage_denoises_a_corrupted_copy_of_its_clean_target(encoder, decoder, batch):
    loss = loss_at(pattern(encoder, decoder), 4, batch)
    draws = Generator().manual_seed(3)
    target = encoder.net[:2](batch.samples)
    hidden = dropout(encoder.net[2:4](dropout(target, 0.2, draws)), 0.2, draws)

    torch.testing.assert_close(loss, squared_error(decoder.net[2:4](hidden), target))


def test_the_last_stage_leaves_the_innermost_code_clean(encoder, decoder, batch):
    loss = loss_at(pattern(encoder, decoder), 6, batch)
    draws = Generator().manual_seed(3)
    target = encoder.net[:4](batch.samples)
    code = encoder.net[4](dropout(target, 0.2, draws))

    torch.testing.assert_close(loss, squared_error(decoder.net[:2](code), target))


def test_behind_the_last_stage_the_whole_autoencoder_trains_without_dropout(
    encoder, decoder, batch
):
    pretraining = pattern(encoder, decoder, rate=0.9)
    expected = squared_error(decoder(encoder(batch.samples)), batch.samples)

    assert loss_at(pretraining, 10, batch) == expected
    assert loss_at(pretraining, 11, batch) == expected


def test_layers_of_earlier_stages_are_asked_in_evaluation_mode(encoder, decoder, batch):
    encoder.net[1] = nn.Dropout(0.5)
    pretraining = pattern(encoder, decoder, rate=0.0)
    encoder.net[3].eval()

    assert loss_at(pretraining, 4, batch) == loss_at(pretraining, 4, batch)
    assert encoder.net[1].training
    assert not encoder.net[3].training
    assert loss_at(pretraining, 1, batch) != loss_at(pretraining, 1, batch)


def test_the_outermost_layers_run_the_functions_of_their_mappings(batch):
    encoder = TrainableMapping([nn.Linear(6, 2)], layer_names={"only": 0}, before=[lambda v: v / 2])
    decoder = TrainableMapping([nn.Linear(2, 6)], layer_names={"only": 0}, after=[torch.sigmoid])
    pair = {"encoder_layer_names": ["only"], "decoder_layer_names": ["only"]}
    pretraining = LayerWisePretraining(
        encoder=encoder,
        decoder=decoder,
        dropout_rate=0.5,
        encoder_decoder_layer_pairs=[{**pair, "train_for_iterations": 5}],
        generator=Generator(),
    )

    assert loss_at(pretraining, 1, batch) == squared_error(
        decoder(encoder(batch.samples)), batch.samples
    )


def test_stages_run_in_the_precision_of_their_mappings(encoder, decoder, batch):
    halved = [
        TrainableMapping(list(m.net), layer_names=m.layer_names, use_bfloat16=True)
        for m in (encoder, decoder)
    ]
    pretraining = pattern(*halved, rate=0.0)
    expected = squared_error(
        TrainableMapping([decoder.net[4]], use_bfloat16=True)(
            TrainableMapping(encoder.net[:2], use_bfloat16=True)(batch.samples)
        ),
        batch.samples,
    )

    assert loss_at(pretraining, 1, batch) == expected
    assert loss_at(pretraining, 1, batch) != loss_at(pattern(encoder, decoder, rate=0.0), 1, batch)


@pytest.fixture
def prior():
    """A mapping before the encoder, whose dropout draws a mask in training."""
    with global_seed(4):
        return TrainableMapping([nn.Linear(6, 6), nn.Dropout(0.5)])


def behind(prior, encoder):
    return TrainableMapping(list(encoder.net), layer_names=encoder.layer_names, prior=prior)


def test_the_first_stage_runs_after_the_prior_mapping(encoder, decoder, batch, prior):
    pretraining = pattern(behind(prior.eval(), encoder), decoder, rate=0.0)
    codes = encoder.net[:2](prior(batch.samples))

    assert loss_at(pretraining, 1, batch) == squared_error(decoder.net[4](codes), batch.samples)


def test_later_stages_do_not_repeat_the_prior_mapping(encoder, decoder, batch, prior):
    pretraining = pattern(behind(prior.eval(), encoder), decoder, rate=0.0)
    target = encoder.net[:2](prior(batch.samples))
    codes = encoder.net[2:4](target)

    assert loss_at(pretraining, 4, batch) == squared_error(decoder.net[2:4](codes), target)


def test_a_target_is_computed_with_the_prior_mapping_in_evaluation_mode(
    encoder, decoder, batch, prior
):
    pretraining = pattern(behind(prior, encoder), decoder, rate=0.0)

    assert loss_at(pretraining, 4, batch) == loss_at(pretraining, 4, batch)
    assert prior.net[1].training
    assert loss_at(pretraining, 1, batch) != loss_at(pretraining, 1, batch)


def test_inner_layers_do_not_get_the_functions_of_the_outermost(encoder, decoder, batch):
    """Neither the functions before the encoder nor those after the decoder."""
    wrapped = pattern(
        TrainableMapping(list(encoder.net), layer_names=encoder.layer_names, before=[torch.sin]),
        TrainableMapping(list(decoder.net), layer_names=decoder.layer_names, after=[torch.sin]),
        rate=0.0,
    )
    target = encoder.net[:2](batch.samples.sin())
    outputs = decoder.net[2:4](encoder.net[2:4](target))

    assert loss_at(wrapped, 4, batch) == squared_error(outputs, target)


def test_stages_are_compiled_if_their_mappings_are(encoder, decoder):
    compiled = TrainableMapping(list(encoder.net), layer_names=encoder.layer_names, compiled=True)
    groups = pattern(compiled, decoder).stages

    assert [(e.compiled, d.compiled) for e, d in groups] == [(True, False)] * 3


def test_the_layers_belong_to_the_mappings_alone(encoder, decoder):
    pretraining = pattern(encoder, decoder)

    assert {name.split(".")[0] for name in pretraining.state_dict()} == {"encoder", "decoder"}


def test_a_stage_starts_in_the_first_iteration_that_runs_its_layers(encoder, decoder):
    pretraining = pattern(encoder, decoder)

    stages = []
    for start in pretraining.stage_starts():
        for iteration in (start - 1, start):
            pretraining.before_iteration(Clock(1, iteration), None)
            stages.append(pretraining.stage)

    assert stages[1:] == [0, 0, 1, 1, 2, 2, 3][: len(stages) - 1]
    assert pretraining.stage == len(pretraining.stages)
