"""Outputs of mappings, and their cache."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dcrf.errors import TrainingError
from dcrf.mappings.build_layers import bind_function
from dcrf.mappings.forward_cache import cached_forwards
from dcrf.mappings.mapping import TrainableMapping
from tests.cases.compiling import compiles

ROOT = Path(__file__).parents[3]


class Counted(nn.Linear):
    """A linear layer that counts how often it runs."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.calls = 0

    def forward(self, inputs):
        self.calls += 1
        return super().forward(inputs)


@pytest.fixture
def samples():
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(0))


def test_functions_run_before_and_after_the_layers(samples):
    layer = nn.Linear(4, 2)
    mapping = TrainableMapping([layer], before=[torch.sigmoid], after=[torch.tanh])

    torch.testing.assert_close(mapping(samples), layer(samples.sigmoid()).tanh())


def test_a_prior_mapping_runs_first_and_keeps_its_parameters(samples):
    prior = TrainableMapping([nn.Linear(4, 3)])
    mapping = TrainableMapping([nn.Linear(3, 2)], prior=prior, before=[torch.relu])

    torch.testing.assert_close(mapping(samples), mapping.net(prior(samples).relu()))
    assert list(mapping.chain()) == [mapping, prior]
    assert set(mapping.state_dict()) == {"net.0.weight", "net.0.bias"}


def test_tensors_of_named_layers_have_their_names_in_files():
    inner = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    mapping = TrainableMapping(
        [nn.Linear(4, 2), nn.ReLU(), inner], layer_names={"act": 1, "hidden.block": 2}
    )

    assert mapping.names_in_files == {
        f"net.2.{name}": f"hidden.block.{name}" for name in inner.state_dict()
    }


def test_a_name_that_two_tensors_would_have_in_files_is_not_used():
    named_like_others = {"a": 0, "a.0": 1, "net.0": 2}
    layers = [nn.Sequential(nn.Linear(2, 2, bias=False)), nn.Linear(2, 2), nn.Linear(2, 2)]
    layers = [*layers, nn.Sequential(nn.Linear(2, 2, bias=False))]
    mapping = TrainableMapping(layers, layer_names=named_like_others)

    assert mapping.names_in_files == {
        "net.1.bias": "a.0.bias",
        "net.2.weight": "net.0.weight",
        "net.2.bias": "net.0.bias",
    }


@pytest.mark.parametrize(
    ("layers", "softmax_layer"),
    [
        ([], None),
        ([nn.Softmax(1)], None),
        ([nn.LogSoftmax(1)], None),
        ([nn.Softmax(1)], 1),
        ([nn.LogSoftmax(1)], 1),
    ],
    ids=["logits", "softmax", "log-softmax", "named softmax", "named log-softmax"],
)
def test_log_probabilities_are_the_log_softmax_of_the_logits(samples, layers, softmax_layer):
    linear = nn.Linear(4, 3)
    mapping = TrainableMapping([linear, *layers], softmax_layer=softmax_layer)

    torch.testing.assert_close(
        mapping.log_probabilities(samples), F.log_softmax(linear(samples), dim=1)
    )


@pytest.mark.parametrize("kind", [nn.Softmax, nn.LogSoftmax])
def test_a_softmax_before_a_function_is_a_layer_like_others(samples, kind):
    mapping = TrainableMapping([nn.Linear(4, 3), kind(1)], after=[torch.sin])

    torch.testing.assert_close(
        mapping.log_probabilities(samples), mapping.net(samples).sin().log_softmax(1)
    )


def test_log_probabilities_of_sure_classifiers_stay_finite():
    mapping = TrainableMapping([nn.Identity(), nn.Softmax(1)])

    log_probabilities = mapping.log_probabilities(torch.tensor([[0.0, 1000.0]]))

    torch.testing.assert_close(log_probabilities, torch.tensor([[-1000.0, 0.0]]))


def test_binary_logits_leave_a_final_sigmoid_out(samples):
    linear = nn.Linear(4, 1)

    with_sigmoid = TrainableMapping([linear, nn.Sigmoid()]).binary_logits(samples)

    torch.testing.assert_close(with_sigmoid, linear(samples))
    torch.testing.assert_close(with_sigmoid, TrainableMapping([linear]).binary_logits(samples))


def test_layers_that_only_reshape_may_follow_a_final_sigmoid_or_softmax(samples):
    linear, unflatten = nn.Linear(4, 4), nn.Unflatten(1, (2, 2))

    binary = TrainableMapping([linear, nn.Sigmoid(), unflatten]).binary_logits(samples)
    several = TrainableMapping([linear, nn.Softmax(1), nn.Flatten()]).log_probabilities(samples)

    torch.testing.assert_close(binary, linear(samples).unflatten(1, (2, 2)))
    torch.testing.assert_close(several, linear(samples).log_softmax(1))


def test_a_sigmoid_that_is_not_the_last_layer_is_one_like_others(samples):
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.gate = nn.Linear(4, 4), nn.Sigmoid()

        def forward(self, inputs):
            return inputs * self.gate(self.linear(inputs))

    gated = Gated()

    torch.testing.assert_close(TrainableMapping([gated]).binary_logits(samples), gated(samples))


@pytest.mark.parametrize(
    ("layers", "functions"),
    [
        ([nn.Linear(4, 1), nn.Sigmoid(), nn.Sequential(nn.Flatten())], []),
        ([nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())], []),
        ([nn.Sequential(nn.Linear(4, 1), nn.Sigmoid(), nn.Flatten())], []),
        ([nn.Linear(4, 1), nn.Sigmoid()], [torch.flatten]),
        ([nn.Linear(4, 1)], [torch.sigmoid]),
        ([nn.Linear(4, 1)], [bind_function({"function_name": "sigmoid"})]),
    ],
)
def test_a_final_sigmoid_that_cannot_be_left_out_has_no_binary_logits(layers, functions, samples):
    with pytest.raises(TrainingError, match="its final sigmoid cannot be left out: write it"):
        TrainableMapping(layers, after=functions).binary_logits(samples)


def test_bf16_gives_float32_that_is_close(samples):
    layers = [nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)]

    output = TrainableMapping(layers, use_bfloat16=True)(samples)

    assert output.dtype == torch.float32
    assert not torch.equal(output, TrainableMapping(layers)(samples))
    torch.testing.assert_close(output, TrainableMapping(layers)(samples), atol=0.02, rtol=0.02)


def test_only_passes_with_gradient_are_compiled(samples, monkeypatch):
    def compile_to_zeros(run, **options):
        return lambda values, skipped: (torch.zeros(1), {})

    monkeypatch.setattr(torch, "compile", compile_to_zeros)
    mapping = TrainableMapping([nn.Linear(4, 2)], compiled=True)

    assert mapping(samples).tolist() == [0]
    with torch.no_grad():
        torch.testing.assert_close(mapping(samples), mapping.net(samples))


COMPARISON = """
import torch
from torch import nn
from torch._dynamo import config, reset
from dcrf.mappings.mapping import TrainableMapping

generator = torch.Generator().manual_seed(0)
layers = [nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3), nn.Softmax(1)]
plain, compiled = TrainableMapping(layers), TrainableMapping(layers, compiled=True)
samples = torch.randn(6, 4, generator=generator)
for forward in ("__call__", "log_probabilities"):
    results = [getattr(mapping, forward)(samples) for mapping in (plain, compiled)]
    slopes = [torch.autograd.grad(r.square().sum(), layers[0].weight)[0] for r in results]
    torch.testing.assert_close(*results)
    torch.testing.assert_close(*slopes)
assert compiled.state_dict().keys() == plain.state_dict().keys()

# outputs do not depend on the sizes of earlier batches
layers = [nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU()]
samples = torch.randn(150, 4, generator=generator)

def run(*sizes):
    reset()
    with torch.no_grad():
        layers[1].reset_running_stats()
    mapping = TrainableMapping(layers, compiled=True)
    output = [mapping(samples[:size]) for size in sizes][-1]
    slopes = torch.autograd.grad(output.square().sum(), [layers[0].weight, layers[1].weight])
    return [output.detach(), *slopes]

with config.patch(recompile_limit=1, fail_on_recompile_limit_hit=True):
    after_another_size = run(150, 50)
assert all(map(torch.equal, run(50), after_another_size))
"""


@pytest.mark.slow  # it compiles for a minute
@compiles
def test_compiled_layers_give_the_same_values_and_gradients_after_any_batch():
    """In a process of its own, since torch.compile changes classes of torch.nn."""
    command = [sys.executable, "-c", COMPARISON]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_mapping_runs_once_per_tensor_while_passes_are_shared(samples):
    counted = Counted(4, 3)
    encoder = TrainableMapping([counted])
    heads = [TrainableMapping([nn.Linear(3, 2)], prior=encoder) for _ in range(2)]

    with cached_forwards([encoder, *heads]):
        for _ in range(3):
            encoder(samples)
            heads[0](samples)
            heads[1](samples)
        encoder(samples.clone())

    assert counted.calls == 2
    encoder(samples)
    encoder(samples)
    assert counted.calls == 4


def test_sharing_changes_no_loss_and_no_gradient(samples):
    def gradients(*, share):
        torch.manual_seed(0)
        encoder = TrainableMapping([nn.Linear(4, 3), nn.Tanh()])
        classifier = TrainableMapping([nn.Linear(3, 2), nn.Softmax(1)], prior=encoder)
        with cached_forwards([encoder, classifier] if share else []):
            loss = encoder(samples).square().sum() + encoder(samples).sum()
            loss = (
                loss + classifier.log_probabilities(samples)[:, 0].sum() + classifier(samples).max()
            )
        loss.backward()
        return [loss, *(p.grad for p in [*encoder.parameters(), *classifier.parameters()])]

    torch.testing.assert_close(gradients(share=True), gradients(share=False))


def test_a_pass_without_gradient_is_not_taken_for_one_with(samples):
    encoder = TrainableMapping([nn.Linear(4, 3)])

    with cached_forwards([encoder]):
        with torch.no_grad():
            encoder(samples)

        assert encoder(samples).requires_grad


def test_a_tensor_that_was_changed_in_place_is_a_new_one():
    encoder, samples = TrainableMapping([nn.Linear(4, 3)]), torch.ones(2, 4)

    with cached_forwards([encoder]):
        before = encoder(samples)
        samples.zero_()

        assert not torch.equal(before, encoder(samples))


def test_functions_of_a_mapping_know_of_evaluation_mode():
    mapping = TrainableMapping([], after=[nn.Dropout(0.9)]).eval()

    assert torch.equal(mapping(torch.ones(100)), torch.ones(100))


def test_a_layer_that_does_not_fit_is_named():
    with pytest.raises(TrainingError, match=r"Linear\(in_features=7.*shape \(2, 4\)"):
        TrainableMapping([nn.Linear(7, 3)])(torch.zeros(2, 4))


def test_a_cached_output_of_training_is_not_that_of_evaluation(samples):
    mapping = TrainableMapping([nn.Dropout(0.5)])

    with cached_forwards([mapping]):
        trained, evaluated = mapping(samples), mapping.eval()(samples)

    assert not torch.equal(trained, samples)
    assert torch.equal(evaluated, samples)
