"""A stack of machines, unrolled as encoder and decoder."""

import pytest
import torch
from torch import Generator, nn

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.config import load_checked
from dcrf.design_patterns.contrastive_divergence import ContrastiveDivergence
from dcrf.errors import ConfigError, OptionError
from dcrf.functional.restricted_boltzmann import Machine, contrastive_divergence
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import global_seed
from tests.cases.methods import DECODER, ENCODER, adam, method

NAMES = {"outer": 0, "activation": 1, "inner": 2, "last": 3}


@pytest.fixture
def mappings():
    with global_seed(0):
        encoder = [nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 2), nn.Sigmoid()]
        decoder = [nn.Linear(2, 5), nn.Sigmoid(), nn.Linear(5, 6), nn.Sigmoid()]
    decoder_names = {"inner": 0, "outer": 2}
    return (
        TrainableMapping(encoder, layer_names=NAMES),
        TrainableMapping(decoder, layer_names=decoder_names),
    )


@pytest.fixture
def batch():
    return Batch(torch.arange(8), torch.rand(8, 6, generator=Generator().manual_seed(2)))


def entry(name, iterations=2, visible="binary", hidden="binary"):
    return {
        "encoder_layer_name": name,
        "decoder_layer_name": name,
        "visible_units": visible,
        "hidden_units": hidden,
        "train_for_iterations": iterations,
    }


def pattern(mappings, *entries, steps=1):
    encoder, decoder = mappings
    return ContrastiveDivergence(
        encoder=encoder,
        decoder=decoder,
        machines=entries or (entry("outer"), entry("inner", 3)),
        gibbs_steps=steps,
        generator=Generator().manual_seed(3),
    )


def passes(batch):
    return DatasetPass(len(batch.samples), lambda function, indices: function(batch))


def loss_at(stack, iteration, batch):
    stack.before_iteration(Clock(1, iteration), passes(batch))
    return stack(batch)["divergence"]


@pytest.mark.parametrize(("iteration", "stage"), [(1, 0), (2, 0), (3, 1), (5, 1), (99, 1)])
def test_each_machine_trains_its_layers_and_the_last_one_goes_on(mappings, batch, iteration, stage):
    encoder, decoder = mappings
    loss_at(pattern(mappings), iteration, batch).backward()
    trained = [
        [layer.weight.grad is not None, layer.bias.grad is not None]
        for layer in (encoder.net[0], decoder.net[2], encoder.net[2], decoder.net[0])
    ]
    shares, nothing = [[True, True], [False, True]], [[False, False]] * 2

    assert trained == (nothing + shares if stage else shares + nothing)


def test_the_second_machine_learns_from_the_activations_of_the_first(mappings, batch):
    encoder, decoder = mappings
    upper = Machine(
        encoder.net[2].weight, decoder.net[0].bias, encoder.net[2].bias, "binary", "gaussian"
    )
    visible = encoder.net[:2](batch.samples)
    expected = contrastive_divergence(upper, visible, 2, Generator().manual_seed(3))
    stack = pattern(mappings, entry("outer"), entry("inner", hidden="gaussian"), steps=2)

    assert loss_at(stack, 3, batch) == expected


def test_after_a_step_the_decoder_has_the_transposed_weights_of_the_machine(mappings, batch):
    encoder, decoder = mappings
    before = decoder.net[0].weight.clone()
    stack = pattern(mappings)
    loss_at(stack, 1, batch)
    with torch.no_grad():
        stack.after_step(Clock(1, 1), batch)

    assert torch.equal(decoder.net[2].weight, encoder.net[0].weight.T)
    assert torch.equal(decoder.net[0].weight, before)
    assert decoder.net[2].weight.is_contiguous()


def test_trained_machines_reconstruct(mappings):
    """Encoder and decoder are an autoencoder without any loss of reconstruction."""
    prototypes = torch.tensor([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    batch = Batch(torch.arange(40), prototypes.repeat(20, 1))
    stack = pattern(mappings, entry("outer", 600), entry("inner", 600))
    encoder, decoder = mappings
    optimizer = torch.optim.SGD([*encoder.parameters(), *decoder.parameters()], lr=0.3)
    for iteration in range(1, 1201):
        optimizer.zero_grad()
        loss_at(stack, iteration, batch).backward()
        optimizer.step()
        with torch.no_grad():
            stack.after_step(Clock(1, iteration), batch)

    assert (decoder(encoder(prototypes)) - prototypes).abs().max() < 0.2


def test_layers_before_a_machine_run_in_evaluation_mode(batch):
    encoder = TrainableMapping(
        [nn.Dropout(0.5), nn.Linear(6, 2), nn.Sigmoid()], layer_names={"outer": 1}
    )
    decoder = TrainableMapping([nn.Linear(2, 6)], layer_names={"outer": 0})
    first, second = (
        loss_at(pattern((encoder, decoder), entry("outer")), 1, batch) for _ in range(2)
    )

    assert first == second
    assert encoder.net[0].training


@pytest.mark.parametrize("samples", [torch.full((4, 6), 1.5), torch.full((4, 6), -0.1)])
def test_binary_units_refuse_other_values(mappings, samples):
    batch = Batch(torch.arange(4), samples)

    with pytest.raises(OptionError, match=r"from 0 to 1, but .* make its visible_units gaussian"):
        loss_at(pattern(mappings), 1, batch)
    assert loss_at(pattern(mappings, entry("outer", visible="gaussian")), 1, batch).isfinite()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoder_layer_name": "activation"}, "'activation' is Sigmoid.*expected a Linear layer"),
        ({"decoder_layer_name": "inner"}, r"shapes \(5, 6\) and \(5, 2\), expected transposed"),
    ],
)
def test_layers_that_cannot_share_a_machine_are_refused(mappings, changes, words):
    with pytest.raises(OptionError, match=words):
        pattern(mappings, entry("outer") | changes)


def test_binary_hidden_units_need_a_sigmoid(mappings):
    encoder = TrainableMapping(list(mappings[0].net[:1]), layer_names={"outer": 0})

    with pytest.raises(OptionError, match="'outer' has binary hidden units, so a Sigmoid"):
        pattern((encoder, mappings[1]), entry("outer"))
    pattern((encoder, mappings[1]), entry("outer", hidden="gaussian"))


def test_a_frozen_decoder_gets_no_weights():
    stack = {
        "pattern": "contrastive_divergence",
        "encoder_name": "encoder",
        "decoder_name": "decoder",
        "machines": [
            {
                "encoder_layer_name": "first",
                "decoder_layer_name": "last",
                "train_for_iterations": 2,
            }
        ],
    }
    content = method()
    layers = [mapping["layers"] for mapping in (ENCODER, DECODER)]
    names = [{1: "first"}, {0: "last"}]
    for mapping, entries, named in zip(content["mappings"], layers, names, strict=True):
        mapping["layers"] = [
            {**layer, "name": named[i]} if i in named else layer for i, layer in enumerate(entries)
        ]
    content["phases"][0] |= {
        "design_patterns": [stack],
        "optimizers": [adam("encoder")],
        "frozen_parts": ["decoder"],
    }

    with pytest.raises(ConfigError, match="'contrastive_divergence' moves 'decoder', which the"):
        load_checked(content)
