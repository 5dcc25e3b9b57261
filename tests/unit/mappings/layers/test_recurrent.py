import pytest
import torch

from dcrf.mappings.layers.recurrent import Recurrent


def gates(layer, step, hidden, end=""):
    """The inputs of the gates of one sample: one loop per unit and number."""
    weights = [getattr(layer.cells, f"{name}_l0{end}") for name in ("weight_ih", "weight_hh")]
    biases = [getattr(layer.cells, f"{name}_l0{end}") for name in ("bias_ih", "bias_hh")]
    parts = []
    for weight, bias, values in zip(weights, biases, (step, hidden), strict=True):
        rows = range(len(bias))
        products = [sum(weight[r, c] * values[c] for c in range(len(values))) for r in rows]
        parts.append(torch.stack([products[r] + bias[r] for r in rows]))
    return parts


def lstm_step(layer, step, hidden, cell, end=""):
    of_input, of_hidden = gates(layer, step, hidden, end)
    i, f, g, o = (of_input + of_hidden).chunk(4)
    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def gru_step(layer, step, hidden, cell, end=""):
    (r, z, n), (hr, hz, hn) = (part.chunk(3) for part in gates(layer, step, hidden, end))
    update = (z + hz).sigmoid()
    new = (n + (r + hr).sigmoid() * hn).tanh()
    return (1 - update) * new + update * hidden, cell


def rnn_step(layer, step, hidden, cell, end=""):
    return sum(gates(layer, step, hidden, end)).tanh(), cell


STEPS = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step}


def by_hand(layer, kind, sequence, end=""):
    hidden = cell = torch.zeros(layer.cells.hidden_size, dtype=sequence.dtype)
    outputs = []
    for step in sequence.flip(0) if end else sequence:
        hidden, cell = STEPS[kind](layer, step, hidden, cell, end)
        outputs.append(hidden)
    return torch.stack(outputs[::-1] if end else outputs)


@pytest.fixture
def sequences():
    return torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("kind", STEPS)
def test_outputs_are_those_of_cells_written_as_loops(kind, sequences):
    layer = Recurrent(input_size=2, hidden_size=3, kind=kind).double()

    expected = torch.stack([by_hand(layer, kind, sequence) for sequence in sequences])

    torch.testing.assert_close(layer(sequences), expected)


@pytest.mark.parametrize("kind", STEPS)
def test_the_last_output_of_both_directions_has_seen_the_whole_sequence(kind, sequences):
    layer = Recurrent(
        input_size=2, hidden_size=3, kind=kind, bidirectional=True, outputs="last"
    ).double()

    expected = [
        torch.cat([by_hand(layer, kind, s)[-1], by_hand(layer, kind, s, "_reverse")[0]])
        for s in sequences
    ]

    torch.testing.assert_close(layer(sequences), torch.stack(expected))


def test_the_last_output_of_one_direction_is_that_of_the_last_step(sequences):
    layer = Recurrent(input_size=2, hidden_size=3, num_layers=2).double()
    outputs = layer(sequences)
    layer.outputs = "last"

    assert torch.equal(layer(sequences), outputs[:, -1])


@pytest.mark.parametrize("kind", STEPS)
def test_gradients_are_those_of_finite_differences(kind, sequences):
    layer = Recurrent(input_size=2, hidden_size=2, kind=kind, bidirectional=True).double()

    assert torch.autograd.gradcheck(layer, sequences[:2].clone().requires_grad_())


def test_dropout_acts_in_training_only(sequences):
    layer = Recurrent(input_size=2, hidden_size=3, num_layers=2, dropout=0.9).double()

    assert not torch.equal(layer(sequences), layer(sequences))
    assert torch.equal(layer.eval()(sequences), layer(sequences))


def test_dropout_after_the_only_layer_is_an_error():
    with pytest.raises(ValueError, match="num_layers of at least 2"):
        Recurrent(input_size=2, hidden_size=3, dropout=0.5)


@pytest.mark.parametrize("options", [{"kind": "elman"}, {"outputs": "first"}])
def test_unknown_options_are_errors(options):
    with pytest.raises(ValueError, match="unknown"):
        Recurrent(input_size=2, hidden_size=3, **options)


def test_a_table_is_not_taken_for_one_sequence():
    with pytest.raises(ValueError, match="sequences of shape"):
        Recurrent(input_size=2, hidden_size=3)(torch.zeros(5, 2))
