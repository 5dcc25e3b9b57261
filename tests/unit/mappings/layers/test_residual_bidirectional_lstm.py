import pytest
import torch

from dcrf.mappings.layers.residual_bidirectional_lstm import ResidualBidirectionalLstm


@pytest.fixture
def objects():
    return torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def one_direction(lstm, sequence, end):
    """The outputs of one sequence, by the equations of the LSTM."""
    weight_ih, weight_hh = (getattr(lstm, f"weight_{part}_l0{end}") for part in ("ih", "hh"))
    bias = getattr(lstm, f"bias_ih_l0{end}") + getattr(lstm, f"bias_hh_l0{end}")
    hidden = cell = torch.zeros(lstm.hidden_size, dtype=sequence.dtype)
    outputs = []
    for step in sequence:
        i, f, g, o = (weight_ih @ step + weight_hh @ hidden + bias).chunk(4)
        cell = cell / (1 + (-f).exp()) + g.tanh() / (1 + (-i).exp())
        hidden = cell.tanh() / (1 + (-o).exp())
        outputs.append(hidden)
    return outputs


def test_the_outputs_of_both_directions_are_added_to_the_input(objects):
    layer = ResidualBidirectionalLstm(features=4).double()

    outputs = layer(objects)

    for sequence, output in zip(objects, outputs, strict=True):
        forward = one_direction(layer.lstm, sequence, "")
        backward = one_direction(layer.lstm, sequence.flip(0), "_reverse")[::-1]
        both = [torch.cat(pair) for pair in zip(forward, backward, strict=True)]
        torch.testing.assert_close(output, sequence + torch.stack(both))


def test_a_layer_whose_weights_are_zero_gives_its_input(objects):
    layer = ResidualBidirectionalLstm(features=4).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()

    assert torch.equal(layer(objects), objects)


def test_initial_weights_are_orthogonal_and_only_the_forget_gate_has_a_bias():
    lstm = ResidualBidirectionalLstm(features=8).lstm
    for end in ("", "_reverse"):
        for gate in getattr(lstm, f"weight_hh_l0{end}").chunk(4):
            torch.testing.assert_close(gate @ gate.T, torch.eye(4))
        bias = getattr(lstm, f"bias_ih_l0{end}") + getattr(lstm, f"bias_hh_l0{end}")
        assert [gate.tolist() for gate in bias.chunk(4)] == [[0.0] * 4, [1.0] * 4, *[[0.0] * 4] * 2]
        limit = (6 / (8 + 4)) ** 0.5
        weight = getattr(lstm, f"weight_ih_l0{end}")
        assert 0.8 * limit < weight.abs().max() <= limit


def test_gradients_are_those_of_finite_differences(objects):
    layer = ResidualBidirectionalLstm(features=4).double()

    assert torch.autograd.gradcheck(layer, objects[:2].clone().requires_grad_())


def test_an_odd_number_of_features_is_an_error():
    with pytest.raises(ValueError, match="5 features cannot be halved"):
        ResidualBidirectionalLstm(features=5)


def test_a_table_is_not_taken_for_one_sequence():
    with pytest.raises(ValueError, match="sequences of shape"):
        ResidualBidirectionalLstm(features=4)(torch.zeros(5, 4))
