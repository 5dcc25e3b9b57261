import math

import pytest
import torch

from dcrf.mappings.layers.reparameterize import Reparameterize
from dcrf.randomness import global_seed


def test_a_code_by_hand_is_mean_plus_deviation_times_noise():
    values = torch.tensor([[1.0, -2.0, math.log(4.0), math.log(0.25)]])
    with global_seed(3):
        noise = torch.randn(1, 2)
    with global_seed(3):
        code = Reparameterize()(values)

    expected = [[1.0 + 2.0 * noise[0, 0].item(), -2.0 + 0.5 * noise[0, 1].item()]]
    torch.testing.assert_close(code, torch.tensor(expected))


def test_codes_are_distributed_as_the_mean_and_variance_say():
    values = torch.tensor([[3.0, 2 * math.log(0.5)]]).repeat(20_000, 1)
    with global_seed(0):
        codes = Reparameterize()(values)

    assert abs(codes.mean().item() - 3.0) < 0.02
    assert abs(codes.std().item() - 0.5) < 0.01


def test_evaluation_gives_the_mean_and_draws_nothing():
    values = torch.randn(4, 6, 2)
    before = torch.get_rng_state()

    assert torch.equal(Reparameterize().eval()(values), values[:, :3])
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_reach_mean_and_log_variance():
    values = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)

    def sampled(v):
        with global_seed(1):
            return Reparameterize()(v)

    assert torch.autograd.gradcheck(sampled, values)


@pytest.mark.parametrize("shape", [(3, 5), (3,)])
def test_an_axis_that_has_no_halves_is_an_error(shape):
    with pytest.raises(ValueError, match="odd size"):
        Reparameterize()(torch.zeros(shape))
