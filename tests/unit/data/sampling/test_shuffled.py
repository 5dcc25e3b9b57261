import torch
from torch import Generator

from dcrf.data.sampling.shuffled import Shuffled


def test_it_is_a_permutation_of_torch_as_in_earlier_versions():
    """Results of older files depend on it."""
    order = Shuffled().order(100, Generator().manual_seed(3), None)

    assert torch.equal(order, torch.randperm(100, generator=Generator().manual_seed(3)))
