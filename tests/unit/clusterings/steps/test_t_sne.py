"""t-SNE: who stays beside whom, and what is refused."""

import pytest
import torch
from torch import Generator

from dcrf.clusterings.steps.t_sne import TSne
from dcrf.errors import ClusteringError


def step(**changes):
    return TSne(**{"n_components": 2, "perplexity": 5.0, "gradient_steps": 250} | changes)


def test_nearest_neighbors_stay_in_their_group():
    generator = Generator().manual_seed(0)
    groups = torch.arange(40) // 20
    rows = torch.randn(40, 5, generator=generator) + 8 * groups[:, None]

    images = step().embed(rows, Generator().manual_seed(1))

    nearest = (torch.cdist(images, images) + 1e9 * torch.eye(40)).argmin(dim=1)
    assert images.shape == (40, 2)
    assert torch.equal(groups[nearest], groups)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((50_001, 9), "at most 50,000 samples, not 50,001; take the step pca"),
        ((5, 9), "perplexity of the step t_sne is 5, but there are only 5 samples"),
        ((100, 1), "n_components of the step t_sne is 2, but there are only 1 features"),
    ],
)
def test_sizes_that_cannot_be_embedded_are_refused(size, words):
    with pytest.raises(ClusteringError, match=words):
        step().width(*size)
