import pytest
import torch
from torch import nn

from dcrf.batch import Batch
from dcrf.design_patterns.reconstruction import Reconstruction
from dcrf.mappings.mapping import TrainableMapping

SAMPLES = torch.arange(8.0).reshape(2, 1, 2, 2)


def pattern(decoder, reduction="mean_across_samples"):
    return Reconstruction(
        encoder=TrainableMapping([nn.Flatten()]), decoder=decoder, loss_reduction_method=reduction
    )


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("mean_across_samples", 4.0), ("mean_across_elements", 1.0), ("sum", 8.0)],
)
def test_every_reduction_works_iteration_after_iteration(reduction, expected):
    off_by_one = TrainableMapping([nn.Identity()], after=[lambda codes: codes + 1])
    reconstruction = pattern(off_by_one, reduction)
    for _ in range(2):
        losses = reconstruction(Batch(torch.arange(2), SAMPLES))

        assert {name: loss.item() for name, loss in losses.items()} == {"reconstruction": expected}


def test_a_decoder_with_too_few_outputs_is_named_as_such():
    with pytest.raises(ValueError, match="numbers of elements differ"):
        pattern(TrainableMapping([nn.Linear(4, 1)]))(Batch(torch.arange(2), SAMPLES))
