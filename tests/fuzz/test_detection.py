"""Validation reports mistakes in the shipped files at their place."""

import pytest

from tests.fuzz.detection import count_verdicts, detection_rates, shipped_mutations

EVERY = 97  # a prime, so that all kinds of mistakes occur at all kinds of places


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, for what it is going to refuse
def test_mistakes_are_reported_at_their_place(tmp_path):
    mistakes = shipped_mutations(tmp_path)

    counts, lines = count_verdicts(mistakes[::EVERY], tmp_path)

    keys, others = detection_rates(counts)
    assert len(mistakes) > 2000
    assert sum(counts.values()) > 100
    assert keys >= 0.99, lines
    assert others >= 0.95, lines
