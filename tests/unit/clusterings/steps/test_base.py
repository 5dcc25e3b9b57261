"""Clusterings after steps, tried with the smallest steps."""

from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from dcrf.builder.components import build_entry
from dcrf.clusterings.base import Clustering
from dcrf.clusterings.dbscan import Dbscan
from dcrf.clusterings.fitted import NearestSample
from dcrf.clusterings.gaussian_mixture import GaussianMixture
from dcrf.clusterings.steps.base import Embedding, FittedStep, Transformation
from dcrf.config.defaults import filled
from dcrf.errors import ClusteringError
from dcrf.schema.registry import CLUSTERINGS

ROWS = torch.tensor([[0.0, 9], [1, -9], [10, 9], [11, -9], [50, 0]])


class FirstColumn(Transformation):
    """Keeps the first column."""

    def width(self, n_samples, n_features):
        if n_features < 2:
            raise ClusteringError("there is no second column")
        return 1

    def fit(self, rows, generator):
        self.draw = torch.rand((), generator=generator)
        return Column()

    def unfitted(self):
        return Column()


class Column(FittedStep):
    def forward(self, features: Tensor) -> Tensor:
        return features[:, :1]


class Image(Embedding):
    """The first column, for samples of the fit only."""

    def width(self, n_samples, n_features):
        return 1

    def embed(self, rows, generator):
        return rows[:, :1].clone()


class Recorder(Clustering):
    """Keeps what it is given."""

    def check_size(self, n_samples, n_features):
        self.size = (n_samples, n_features)

    def fit_rows(self, rows, n_clusters, generator):
        self.rows = rows[torch.arange(len(rows))]
        return NearestSample(self.rows, torch.tensor([0, 0, 1, 1, -1]), n_clusters)


@pytest.mark.parametrize("step", [FirstColumn(), Image()])
def test_the_clustering_gets_transformed_rows_and_their_size(step):
    recorder = Recorder()

    step.wrap(recorder).fit(ROWS, 2, Generator())

    assert recorder.rows.tolist() == ROWS[:, :1].tolist()
    assert recorder.size == (5, 1)


def test_a_step_draws_from_the_generator_of_the_fit():
    step = FirstColumn()

    step.wrap(Recorder()).fit(ROWS, 2, Generator().manual_seed(4))

    assert step.draw == torch.rand((), generator=Generator().manual_seed(4))


def test_new_samples_are_transformed():
    fitted = FirstColumn().wrap(Recorder()).fit(ROWS, 2, Generator())

    clusters = fitted.log_assignments(torch.tensor([[9.0, 1000], [2, 1000]])).argmax(1)

    assert clusters.tolist() == [1, 0]


def test_without_an_image_the_nearest_sample_counts():
    fitted = Image().wrap(Recorder()).fit(ROWS, 2, Generator())

    clusters = fitted.log_assignments(torch.tensor([[9.0, -9], [-3, 8]])).argmax(1)

    assert clusters.tolist() == [1, 0]


@pytest.mark.parametrize("step", [FirstColumn(), Image()])
def test_noise_stays_noise(step):
    fitted = step.wrap(Recorder()).fit(ROWS, 2, Generator())

    assert fitted.log_assignments(ROWS).exp().sum(1).tolist() == [1, 1, 1, 1, 0]
    assert fitted.log_assignments(torch.tensor([[49.0, 1]])).exp().sum() == 0


def test_soft_assignments_stay_soft_for_the_samples_of_an_embedding():
    mixture = GaussianMixture(
        covariance_type="full", regularization=1e-6, num_restarts=1, max_em_steps=50
    )
    rows = torch.cat([ROWS[:4]] * 4) + torch.randn(16, 2, generator=Generator().manual_seed(0))
    plain = mixture.fit(rows[:, :1], 2, Generator().manual_seed(1))

    fitted = Image().wrap(mixture).fit(rows, 2, Generator().manual_seed(1))

    assert torch.equal(fitted.log_assignments(rows), plain.log_assignments(rows[:, :1]))


def test_problems_of_a_step_come_before_any_value_is_read():
    with pytest.raises(ClusteringError, match="no second column"):
        FirstColumn().wrap(Recorder()).fit(torch.empty(5, 1, device="meta"), 2, Generator())


def test_the_first_step_of_a_file_is_the_first_to_transform():
    entry = {"method": "k_means", "steps": ["l2_normalize", {"type": "l2_normalize"}]}
    data = {"reclusterings": [{"name": "any", "clustering": entry}]}
    (clustering,) = (e["clustering"] for e in filled(data, Path())["reclusterings"])

    assert clustering["steps"] == [{"type": "l2_normalize"}] * 2
    assert build_entry(CLUSTERINGS, clustering).clustering.clustering.num_restarts > 0


def test_a_clustering_that_finds_its_number_may_follow():
    fitted = FirstColumn().wrap(Dbscan(eps=2.0, min_samples=1)).fit(ROWS, 9, Generator())

    assert fitted.n_clusters_found == 3
