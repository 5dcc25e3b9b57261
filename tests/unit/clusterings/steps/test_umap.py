"""UMAP: who stays beside whom, and what is refused."""

from importlib.util import find_spec

import pytest
import torch
from torch import Generator

from dcrf.clusterings.steps import umap
from dcrf.clusterings.steps.umap import Umap
from dcrf.errors import ClusteringError, DataError


def step(**changes):
    return Umap(**{"n_components": 2, "num_neighbors": 8, "min_dist": 0.1} | changes)


def test_without_umap_learn_the_command_is_named(monkeypatch):
    real = umap.optional_package
    monkeypatch.setattr(umap, "find_spec", lambda _: None)
    monkeypatch.setattr(umap, "optional_package", lambda _, extra: real("no_such_package", extra))

    with pytest.raises(DataError, match=r"pip install 'dcrf\[umap\]'"):
        step().width(100, 5)


@pytest.mark.parametrize(
    ("changes", "n_samples", "least"), [({}, 7, 8), ({"n_components": 9}, 10, 11)]
)
def test_too_few_samples_are_refused(monkeypatch, changes, n_samples, least):
    monkeypatch.setattr(umap, "find_spec", lambda _: "there")

    with pytest.raises(ClusteringError, match=f"at least {least} samples, not {n_samples}"):
        step(**changes).width(n_samples, 20)
    assert step(**changes).width(least, 20) == changes.get("n_components", 2)


@pytest.mark.slow  # numba compiles for a minute
def test_nearest_neighbors_stay_in_their_group():
    if find_spec("umap") is None:
        pytest.skip("needs umap-learn")
    generator = Generator().manual_seed(0)
    groups = torch.arange(40) // 20
    rows = torch.randn(40, 5, generator=generator) + 8 * groups[:, None]

    images = step().embed(rows, Generator().manual_seed(1))

    nearest = (torch.cdist(images, images) + 1e9 * torch.eye(40)).argmin(dim=1)
    assert images.shape == (40, 2)
    assert torch.equal(groups[nearest], groups)
