"""The columns that distinguish clusters."""

import csv

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from dcrf.data.sources.tf_idf import SparseRows
from dcrf.runs import cluster_profile
from dcrf.runs.cluster_profile import means_of, write_profile

ROWS = np.random.default_rng(0).normal(1000, [1, 10, 0.1], (50, 3)).astype(np.float32)
CLUSTERS = np.random.default_rng(1).integers(-1, 3, 50)


@pytest.mark.parametrize("at_a_time", [1, 21, 2**22])
@pytest.mark.parametrize("lazy", [False, True])
def test_means_are_those_of_the_raw_values(monkeypatch, at_a_time, lazy):
    monkeypatch.setattr(cluster_profile, "_VALUES_AT_A_TIME", at_a_time)
    rows = SparseRows(csr_matrix(ROWS)) if lazy else torch.from_numpy(ROWS)

    means = means_of(rows, CLUSTERS)

    values = ROWS.astype(np.float64)
    assert means.sizes.tolist() == [(cluster == CLUSTERS).sum() for cluster in range(3)]
    for cluster in range(3):
        expected = values[cluster == CLUSTERS].mean(axis=0)
        np.testing.assert_allclose(means.of_clusters[cluster], expected, rtol=1e-12)
        difference = (expected - values.mean(axis=0)) / values.std(axis=0)
        np.testing.assert_allclose(means.differences[cluster], difference, rtol=1e-8)


def test_columns_are_ordered_by_their_difference(tmp_path):
    rows = torch.tensor([[0.0, 5, 0.1], [0, 5, 0.1], [1, 5, 0.1], [9, 6, 0.1]])

    write_profile(tmp_path / "p.csv", rows, ["a", "b,c", "same"], np.array([0, 0, 0, 2]))

    lines = list(csv.reader((tmp_path / "p.csv").read_text().splitlines()))
    assert lines[0] == ["cluster", "size", "column", "difference", "mean", "mean_of_all"]
    assert [line[:3] for line in lines[1:]] == [
        ["0", "3", "b,c"], ["0", "3", "a"], ["0", "3", "same"],
        ["2", "1", "b,c"], ["2", "1", "a"], ["2", "1", "same"],
    ]  # fmt: skip
    assert lines[5][3:] == ["1.72189", "9", "2.5"]
    assert lines[6][3:] == ["0", "0.1", "0.1"]


def test_wide_tables_show_twenty_columns_of_a_cluster(tmp_path):
    rows = torch.from_numpy(np.random.default_rng(2).random((6, 30)))

    write_profile(tmp_path / "p.csv", rows, list(map(str, range(30))), np.array([0, 0, 0, 1, 1, 1]))

    assert len((tmp_path / "p.csv").read_text().splitlines()) == 1 + 2 * 20


def test_terms_that_a_cluster_has_come_before_those_that_it_lacks(tmp_path):
    rows = torch.tensor([[0.0, 0, 1, 0]] * 3 + [[0.0, 0, 0, 0]] * 2 + [[4, 4, 0, 0]])
    names = ["space", "orbit", "hockey", "nowhere"]

    write_profile(tmp_path / "p.csv", rows, names, np.array([0, 0, 0, 1, 1, 1]))

    lines = list(csv.reader((tmp_path / "p.csv").read_text().splitlines()))
    assert [line[2] for line in lines[1:5]] == ["hockey", "nowhere", "space", "orbit"]
    assert [line[2] for line in lines[5:]] == ["space", "orbit", "nowhere", "hockey"]


def test_the_samples_are_left_as_they_are():
    rows = torch.from_numpy(ROWS).double()
    before = rows.clone()

    means_of(rows, CLUSTERS)

    assert torch.equal(rows, before)
