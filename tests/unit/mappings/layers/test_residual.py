import pytest
import torch
from torch import nn

from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from dcrf.mappings.layers.residual import Residual
from tests.cases.methods import DECODER, method, only_pretraining
from tests.cases.own_layers import build, extractor

FLATTEN = {"type": "Flatten"}


@pytest.fixture
def samples():
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_input_is_added_to_the_output(samples):
    linear = nn.Linear(4, 4).double()

    expected = torch.stack([row + torch.tanh(linear.weight @ row + linear.bias) for row in samples])

    torch.testing.assert_close(Residual(layers=[linear, nn.Tanh()])(samples), expected)


def test_a_projection_of_the_input_is_added_if_there_is_any(samples):
    layer, projection = nn.Linear(4, 2).double(), nn.Linear(4, 2, bias=False).double()

    expected = torch.stack(
        [projection.weight @ row + layer.weight @ row + layer.bias for row in samples]
    )

    torch.testing.assert_close(Residual(layers=[layer], projection=projection)(samples), expected)


def test_gradients_are_those_of_finite_differences(samples):
    layer = Residual(layers=[nn.Linear(4, 2), nn.Tanh()], projection=nn.Linear(4, 2)).double()

    assert torch.autograd.gradcheck(layer, samples.requires_grad_())


@pytest.mark.parametrize("width", [2, 1])
def test_shapes_that_differ_are_an_error_also_if_they_broadcast(samples, width):
    with pytest.raises(ValueError, match=r"its input has shape .* write a projection"):
        Residual(layers=[nn.Linear(4, width).double()])(samples)


@pytest.mark.parametrize("layers", [[], nn.ReLU()])
def test_layers_are_a_list(layers):
    with pytest.raises(ValueError, match="a list of at least one layer"):
        Residual(layers=layers)


def test_a_block_stands_for_its_layers_inside():
    residual = {"type": "residual", "layers": [{"type": "mlp", "sizes": [4, 6, 4]}]}
    mapping = build(extractor([residual]))["encoder"]

    assert [type(layer) for layer in mapping.net[0].layers] == [nn.Linear, nn.ReLU, nn.Linear]


def test_layers_inside_are_initialized_by_name():
    residual = {"type": "residual", "layers": [{"type": "mlp", "name": "b", "sizes": [4, 4]}]}
    zeros = [{"type": "zeros_", "layer_names": ["b.linear_1"], "weight_type": "weight"}]
    mapping = build(extractor([residual], layer_initialization=zeros))["encoder"]

    assert not mapping.net[0].layers[0].weight.any()


def test_different_shapes_are_reported_by_the_dry_run():
    layers = [{"type": "Linear", "in_features": 64, "out_features": 5}]
    encoder = extractor([FLATTEN, {"type": "residual", "layers": layers}])
    with pytest.raises(ConfigError) as error:
        check(load_checked(method(mappings=[encoder, DECODER])))

    (problem,) = error.value.problems
    assert problem.path == "$.mappings[0].layers[1]"
    assert "write a projection" in problem.found


def test_a_layer_inside_that_does_not_fit_is_reported_at_its_place():
    layers = [{"type": "Linear", "in_features": 60, "out_features": 64}]
    encoder = extractor([FLATTEN, {"type": "residual", "layers": layers}])
    with pytest.raises(ConfigError) as error:
        check(load_checked(method(mappings=[encoder, DECODER])))

    (problem,) = error.value.problems
    assert problem.path == "$.mappings[0].layers[1].layers[0]"


def test_it_has_no_mirror():
    residual = {"type": "residual", "layers": [{"type": "ReLU"}]}
    decoder = {"type": "design_pattern_specific", "name": "decoder", "mirror_of": "encoder"}
    with pytest.raises(ConfigError) as error:
        load_checked(method(**only_pretraining(extractor([residual]), decoder)))

    (problem,) = error.value.problems
    assert "layer residual of 'encoder' at $.mappings[0].layers[0]" in problem.found
