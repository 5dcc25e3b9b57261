import pytest
import torch
from torch import nn

from dcrf.mappings.set_recurrence import run_over_present


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_on_the_meta_device_shapes_and_gradients_are_those_of_a_run(kind, bidirectional):
    real = kind(4, 3, num_layers=2, batch_first=True, bidirectional=bidirectional)
    sequences = torch.randn(2, 5, 4, requires_grad=True)
    expected = run_over_present(real, sequences)
    on_meta = kind(4, 3, num_layers=2, batch_first=True, bidirectional=bidirectional, device="meta")
    meta_sequences = torch.empty(2, 5, 4, device="meta", requires_grad=True)

    outputs = run_over_present(on_meta, meta_sequences)

    assert outputs.shape == expected.shape
    gradients = torch.autograd.grad(outputs.sum(), [meta_sequences, *on_meta.parameters()])
    assert [g.shape for g in gradients[1:]] == [p.shape for p in real.parameters()]


def test_on_the_meta_device_another_width_is_refused():
    cells = nn.GRU(4, 3, batch_first=True, device="meta")

    with pytest.raises(RuntimeError, match="a step has 6 features, but input_size is 4"):
        run_over_present(cells, torch.empty(2, 5, 6, device="meta"))


def test_under_autocast_on_a_cpu_it_runs_in_float32():
    cells, sequences = nn.LSTM(4, 3, batch_first=True), torch.randn(2, 5, 4)
    expected = run_over_present(cells, sequences)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = run_over_present(cells, sequences)

    assert outputs.dtype == torch.float32
    torch.testing.assert_close(outputs, expected)
