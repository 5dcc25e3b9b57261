"""What validates trains, what does not fails: random methods, some of which cannot work."""

import pytest

from tests.fuzz.data import write_data
from tests.fuzz.reality import tally

NUMBER = 200


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, for what people may write
def test_validation_predicts_the_run(tmp_path):
    write_data(tmp_path)

    verdicts, lines = tally(range(NUMBER), tmp_path)

    assert not lines, "\n".join(lines)
    assert verdicts["agree: runs"] > NUMBER / 4
    assert verdicts["agree: fails"] > NUMBER / 10
