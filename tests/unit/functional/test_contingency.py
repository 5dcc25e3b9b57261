import numpy as np

from dcrf.functional.contingency import bbn, greedy_matches, most_matched


def test_a_class_with_more_than_half_of_a_cluster_gets_it():
    assert greedy_matches(np.array([[3, 0], [2, 4]])) == {0: 0, 1: 1}


def test_of_several_such_clusters_it_gets_the_one_with_most_of_its_samples():
    assert greedy_matches(np.array([[3, 5, 1], [0, 1, 4]])) == {0: 1, 1: 2}


def test_of_equals_it_gets_the_smallest():
    assert greedy_matches(np.array([[3, 3], [1, 0]]))[0] == 1


def test_other_classes_get_the_free_cluster_of_which_they_have_most():
    """Class 2 comes before class 1: its entropy is larger."""
    matches = greedy_matches(np.array([[9, 0, 0], [1, 2, 1], [0, 2, 1], [0, 0, 0]]))

    assert matches[0] == 0
    assert {matches[1], matches[2]} == {1, 2}


def test_classes_without_a_free_cluster_get_none():
    assert greedy_matches(np.array([[1], [1], [1]])) == {2: 0}
    assert greedy_matches(np.zeros((2, 0), int)) == {}


def test_the_best_matching_is_not_the_greedy_one():
    assert most_matched(np.array([[3, 2], [2, 0]])) == 4
    assert most_matched(np.array([[3, 2, 9]])) == 9


def test_bbn_by_hand():
    """(9 + 4) / 5 of the first cluster, 2 of the second one."""
    assert bbn(np.array([[3, 2], [2, 0]])) == 13 / 5 + 2
