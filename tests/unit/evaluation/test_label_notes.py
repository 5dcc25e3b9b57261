"""Notes on labels of one class, and on samples sorted by class."""

import numpy as np
import pytest

from dcrf.evaluation.label_notes import label_notes

SORTED = np.repeat(np.arange(10), 100)
SHUFFLED = np.random.default_rng(0).permutation(SORTED)


def test_missing_labels_need_no_note():
    assert label_notes(None, [10, 10]) == ()


@pytest.mark.parametrize("sizes", [None, [3, 3]])
def test_labels_of_one_class(sizes):
    assert label_notes(np.full(6, 7), sizes) == (
        "all samples have the label 7, so internal metrics replace ACC, NMI and ARI",
    )


def test_sorted_samples_in_order():
    """Batches of 100 have one class; a shuffled one lacks a class with probability .9 ** 100."""
    assert label_notes(SORTED, [100] * 10) == (
        "samples are sorted by class: a batch has 1.0 of 10 classes on average, and 10.0 if they "
        'are shuffled; set "sampling" to "shuffled"',
    )


def test_every_batch_counts():
    """The first of five batches has all classes, the others have one."""
    labels = np.concatenate([np.arange(4), np.repeat(np.arange(4), 4)])

    assert "a batch has 1.6 of 4 classes" in label_notes(labels, [4] * 5)[0]


def test_samples_that_no_batch_has_do_not_count():
    """Two batches of two with classes (0, 1) and (0, 1); the last two samples are in none."""
    assert label_notes(np.array([0, 1, 0, 1, 2, 2]), [2, 2]) == ()


@pytest.mark.parametrize(
    ("labels", "sizes"),
    [
        (SORTED, None),  # training shuffles
        (SHUFFLED, [100] * 10),
        (SORTED, [700]),  # seven of ten classes
        (np.arange(1000), [10] * 100),  # every sample has its own class
        (np.array([4, 9]), [2]),
    ],
    ids=["shuffled by training", "mixed rows", "large batches", "own classes", "one batch"],
)
def test_batches_with_most_classes_need_no_note(labels, sizes):
    assert label_notes(labels, sizes) == ()


def test_labels_may_be_any_integers():
    (note,) = label_notes(np.repeat([-5, 10**9], 50), [25] * 4)

    assert "1.0 of 2 classes" in note
