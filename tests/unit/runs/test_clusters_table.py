"""Clusters as CSV and in words."""

from io import StringIO

import numpy as np
import pytest

from dcrf.runs.assigned_batches import AssignedBatch
from dcrf.runs.clusters_table import ClustersTable, clusters_in_words, write_clusters

PROBABILITIES = np.array([[0.25, 0.75], [1, 0], [0, 0]], np.float32)
CLUSTERS = np.array([1, 0, -1])


def table(ids, distances, parts=(slice(0, 2), slice(2, 3))):
    stream = StringIO()
    writer = ClustersTable(stream, ids)
    for part in parts:
        own = None if distances is None else distances[part]
        writer.write(AssignedBatch(np.arange(3)[part], CLUSTERS[part], PROBABILITIES[part], own))
    return stream.getvalue()


def test_the_table_starts_with_sample_and_cluster():
    assert table(None, None) == (
        "sample,cluster,probability_of_0,probability_of_1\n0,1,0.25,0.75\n1,0,1,0\n2,-1,0,0\n"
    )


def test_ids_and_distances_follow_if_there_are_any():
    distances = np.array([1.5, 1 / 3, np.nan], np.float32)

    assert table(["a", "b,c", 'd"'], distances) == (
        "sample,cluster,id,distance,probability_of_0,probability_of_1\n"
        '0,1,a,1.5,0.25,0.75\n1,0,"b,c",0.333333,1,0\n2,-1,"d""",,0,0\n'
    )


def test_batches_leave_no_trace():
    whole, single = [slice(0, 3)], [slice(i, i + 1) for i in range(3)]

    assert table(["a", "b", "c"], None, whole) == table(["a", "b", "c"], None, single)


@pytest.mark.parametrize(
    ("clusters", "ids", "text"),
    [
        (np.array([2, -1]), None, "sample,cluster\n0,2\n1,-1\n"),
        (np.array([2, -1]), ["a", "b,c"], 'sample,cluster,id\n0,2,a\n1,-1,"b,c"\n'),
        (
            np.array([[0, 1], [0, -1]]),
            None,
            "problem,object,cluster\n0,0,0\n0,1,1\n1,0,0\n",
        ),
    ],
)
def test_clusters_alone_are_listed_with_their_samples(tmp_path, clusters, ids, text):
    write_clusters(tmp_path / "clusters.csv", clusters, ids)

    assert (tmp_path / "clusters.csv").read_text() == text


@pytest.mark.parametrize(
    ("clusters", "words"),
    [
        ([0, 2, 2, -1], "4 samples; sizes of the clusters: 0: 1, 2: 2, and noise: 1"),
        ([1], "1 sample; sizes of the clusters: 1: 1"),
        ([-1, -1], "2 samples; sizes of the clusters: none, and noise: 2"),
    ],
)
def test_sizes_are_said(clusters, words):
    assert clusters_in_words(np.array(clusters)) == words
