"""Mistakes in the shipped files are found where they are."""

import pytest

from tests.fuzz.judged import figures, shipped, summed

EVERY = 11  # a prime, so that every kind of mistake comes up in every kind of place


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, for what it is going to refuse
def test_mistakes_are_found_where_they_are(tmp_path):
    mistakes = shipped(tmp_path)

    counts, lines = summed(mistakes[::EVERY], tmp_path)

    keys, others = figures(counts)
    assert len(mistakes) > 2000
    assert sum(counts.values()) > 150
    assert keys >= 0.99, lines
    assert others >= 0.95, lines
