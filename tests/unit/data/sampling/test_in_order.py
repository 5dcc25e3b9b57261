import torch
from torch import Generator

from dcrf.data.sampling.in_order import InOrder


def test_samples_come_in_index_order():
    assert InOrder().order(5, Generator(), None).tolist() == [0, 1, 2, 3, 4]


def test_nothing_is_drawn():
    generator = Generator().manual_seed(0)
    before = generator.get_state()
    InOrder().order(5, generator, torch.zeros(5))

    assert torch.equal(generator.get_state(), before)
