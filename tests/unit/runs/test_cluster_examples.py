"""Examples of each cluster."""

import csv

import numpy as np
import pytest

from dcrf.runs.assigned_batches import AssignedBatch
from dcrf.runs.cluster_examples import ClusterExamples

N = 60
PROBABILITIES = np.random.default_rng(0).dirichlet(np.ones(3), N).astype(np.float32)
CLUSTERS = PROBABILITIES.argmax(axis=1)
DISTANCES = np.random.default_rng(1).random(N).astype(np.float32)


def examples(tmp_path, clusters, probabilities, distances, ids=None, size=N):
    """The rows of the file, None without a file."""
    found = ClusterExamples()
    for start in range(0, N, size):
        part = slice(start, start + size)
        own = None if distances is None else distances[part]
        found.add(AssignedBatch(np.arange(N)[part], clusters[part], probabilities[part], own))
    file = tmp_path / f"{size}.csv"
    found.write(file, ids)
    return list(csv.DictReader(file.read_text().splitlines())) if file.exists() else None


def samples_of(rows, cluster, kind):
    return [int(r["sample"]) for r in rows if r["cluster"] == str(cluster) and r["kind"] == kind]


def margins():
    ordered = np.sort(PROBABILITIES, axis=1)
    return ordered[:, -1] - ordered[:, -2]


@pytest.mark.parametrize("size", [1, 7, N])
def test_the_nearest_farthest_and_most_ambiguous_samples_are_found(tmp_path, size):
    rows = examples(tmp_path, CLUSTERS, PROBABILITIES, DISTANCES, size=size)

    for cluster in range(3):
        own = np.flatnonzero(cluster == CLUSTERS)
        by_distance = own[np.argsort(DISTANCES[own])]
        assert samples_of(rows, cluster, "exemplar") == by_distance[:5].tolist()
        assert samples_of(rows, cluster, "outlier") == by_distance[:-6:-1].tolist()
        by_margin = own[np.argsort(margins()[own])]
        assert samples_of(rows, cluster, "ambiguous") == by_margin[:5].tolist()
    first = rows[0]
    sample = int(first["sample"])
    assert float(first["distance"]) == pytest.approx(DISTANCES[sample], rel=1e-5)
    assert float(first["probability"]) == pytest.approx(PROBABILITIES[sample].max(), rel=1e-5)
    assert int(first["next_cluster"]) == np.argsort(PROBABILITIES[sample])[1]


def test_without_centers_the_most_probable_samples_are_exemplars(tmp_path):
    ids = [f"name {index}" for index in range(N)]
    rows = examples(tmp_path, CLUSTERS, PROBABILITIES, None, ids)

    own = np.flatnonzero(CLUSTERS == 0)
    best = own[np.argsort(-PROBABILITIES[own, 0])][:5].tolist()
    assert samples_of(rows, 0, "exemplar") == best
    assert [row["id"] for row in rows[:5]] == [ids[index] for index in best]
    assert {row["kind"] for row in rows} == {"exemplar", "ambiguous"}
    assert "distance" not in rows[0]


def test_hard_assignments_have_no_ambiguous_samples_and_noise_is_none(tmp_path):
    clusters = np.where(np.arange(N) < 4, -1, CLUSTERS)
    hard = (clusters[:, None] == np.arange(3)).astype(np.float32)
    distances = np.where(clusters < 0, np.nan, DISTANCES).astype(np.float32)

    rows = examples(tmp_path, clusters, hard, distances)

    assert {row["kind"] for row in rows} == {"exemplar", "outlier"}
    assert {row["next_cluster"] for row in rows} == {""}
    assert min(int(row["sample"]) for row in rows) >= 4


def test_hard_assignments_without_centers_have_no_examples(tmp_path):
    hard = (CLUSTERS[:, None] == np.arange(3)).astype(np.float32)

    assert examples(tmp_path, CLUSTERS, hard, None) is None


def test_a_single_cluster_has_no_ambiguous_samples(tmp_path):
    rows = examples(tmp_path, np.zeros(N, int), np.ones((N, 1), np.float32), DISTANCES)

    assert [row["kind"] for row in rows] == ["exemplar"] * 5 + ["outlier"] * 5
