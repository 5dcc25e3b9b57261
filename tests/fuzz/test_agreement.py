"""Validation accepts the random methods that train, and rejects those that fail."""

import pytest

from tests.fuzz.agreement import count_agreements
from tests.fuzz.data import write_data

NUMBER = 30  # `make fuzz` takes 2,000


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, for what people may write
def test_validation_predicts_the_run(tmp_path):
    write_data(tmp_path)

    verdicts, lines = count_agreements(range(NUMBER), tmp_path)

    assert not lines, "\n".join(lines)
    assert verdicts["agree: runs"] > NUMBER / 4
    assert verdicts["agree: fails"] > NUMBER / 10
