"""Replacement of features by those of other samples."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chisquare

from dcrf.config import load_checked
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sources.raw_data import RawData
from dcrf.data.transforms.own.feature_swapping import FeatureSwapping
from dcrf.data.views import View
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError, DataError
from dcrf.randomness import RandomStreams
from tests.cases.methods import method, written

N, WIDTH = 6, 4
IDENTIFIED = (100 * torch.arange(N).view(-1, 1) + torch.arange(WIDTH)).float()
SWAPPING = {"type": "feature_swapping", "p": 0.5}
BY_SAMPLE = {"type": "RandomChoice", "transforms": [{"type": "feature_masking", "p": 0.1}]}


def swapped(p, samples=IDENTIFIED, seed=0):
    return FeatureSwapping(p=p).apply(samples, torch.Generator().manual_seed(seed))


def donors(p, seeds):
    """(seeds, N, WIDTH): the sample that each feature comes from."""
    return torch.stack([swapped(p, seed=seed) for seed in range(seeds)]) // 100


def test_every_feature_keeps_its_column():
    results = torch.stack([swapped(0.7, seed=seed) for seed in range(50)])

    assert torch.equal(results % 100, torch.arange(WIDTH).expand(50, N, WIDTH).float())


def test_features_are_replaced_with_their_probability_by_all_others_equally_often():
    origins = donors(0.3, 1000)
    is_replaced = origins != torch.arange(N).view(-1, 1)

    assert binomtest(int(is_replaced.sum()), is_replaced.numel(), 0.3).pvalue > 0.01
    for sample in range(N):
        replaced = origins[:, sample][is_replaced[:, sample]]
        counts = [int((replaced == other).sum()) for other in range(N) if other != sample]
        assert sum(counts) == len(replaced)
        assert chisquare(counts).pvalue > 0.001


def test_two_features_of_a_sample_have_their_own_donors():
    origins = donors(1, 1000)
    same = origins[:, :, 0] == origins[:, :, 1]

    assert binomtest(int(same.sum()), same.numel(), 1 / (N - 1)).pvalue > 0.01


def test_with_probability_1_no_feature_stays_and_with_0_all():
    assert not (swapped(1) == IDENTIFIED).any()
    assert torch.equal(swapped(0), IDENTIFIED)


def test_a_lone_sample_does_not_change():
    assert torch.equal(swapped(1, IDENTIFIED[:1]), IDENTIFIED[:1])


def test_features_of_two_samples_are_exchanged_by_hand():
    expected = torch.tensor([[100.0, 101, 102, 103], [0, 1, 2, 3]])

    assert torch.equal(swapped(1, IDENTIFIED[:2]), expected)


@pytest.mark.parametrize("p", [-0.1, 1.5])
def test_a_probability_out_of_range_is_an_error(p):
    with pytest.raises(ValueError, match=f"p is {p}, expected a number from 0 to 1"):
        FeatureSwapping(p=p)


def test_batches_of_a_resumed_source_are_equal_to_the_byte():
    def batches(done, n):
        source = DataSource(
            "table", RawData(torch.rand(10, 4, generator=torch.Generator().manual_seed(0)), None),
            None, {"swapped": [SWAPPING]}, Loading(4), RandomStreams(3),
        )  # fmt: skip
        stream = source.batches(["swapped"], "phase", done)
        return [next(stream)[1].views["swapped"].numpy().tobytes() for _ in range(n)]

    whole = batches(0, 6)

    assert len(set(whole)) == 6
    assert batches(3, 3) == whole[3:]


class Lazy:
    """Samples whose shapes differ, so that each is decoded and transformed by itself."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.rand(3 + index)


def test_samples_that_are_read_one_by_one_are_refused():
    with pytest.raises(DataError, match=r"batch augmentation swapped: .* read one by one"):
        DataSource(
            "table", RawData(Lazy(), None), None, {"swapped": [SWAPPING]}, Loading(2),
            RandomStreams(0),
        )  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [
        SWAPPING,
        {"type": "RandomApply", "transforms": [SWAPPING]},
        {"type": "RandomChoice", "transforms": [SWAPPING]},
    ],
    ids=lambda entry: entry["type"],
)
def test_a_view_of_single_samples_is_refused(entry):
    with pytest.raises(DataError, match="single samples only"):
        View([BY_SAMPLE, entry], RandomStreams(0), torch.rand(4))


@pytest.mark.parametrize(
    ("transforms", "at", "message"),
    [
        ([{"type": "feature_swapping", "p": 2}], "[0]", "from 0 to 1"),
        ([{"type": "feature_masking", "p": -1}], "[0]", "from 0 to 1"),
        ([{"type": "feature_swapping", "p": "half"}], "[0].p", "not a number"),
        ([{"type": "feature_swaping", "p": 0.5}], "[0].type", "is not a transform"),
        ([{"type": "gaussian_noise"}], "[0]", "lacks 'std'"),
        (
            [BY_SAMPLE, SWAPPING],
            "[1]",
            "single samples only",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_reported_before_training(tmp_path, transforms, at, message):
    np.savez(tmp_path / "data.npz", samples=IDENTIFIED)
    content = method()
    content["datasets"] = [
        {
            "source": "npz",
            "path": str(tmp_path / "data.npz"),
            "batch_size": 3,
            "num_clusters": 2,
            "batch_augmentations": [{"name": "view", "transforms": transforms}],
        }
    ]
    with pytest.raises(ConfigError) as error:
        check(load_checked(Path(written(tmp_path, content))))

    problems = [p for p in error.value.problems if "augmentation" in p.path]
    assert [p.path for p in problems] == [f"$.datasets[0].batch_augmentations[0].transforms{at}"]
    assert message in problems[0].found
