"""A shortened combination ends its last phase earlier, never later."""

from pathlib import Path

import pytest

from dcrf.recombination.candidates import candidates_of
from dcrf.recombination.halving import shortened
from dcrf.recombination.space import read_space
from tests.cases.methods import digits, method, written


@pytest.fixture
def space(tmp_path):
    content = method(datasets=[{**digits(), "name": "digits"}])
    content["phases"][1]["exit_criteria"] = {"iterations": 20}
    written(tmp_path, content, "base.json")
    iterations = {
        "name": "length",
        "path": "phases[finetuning].exit_criteria.iterations",
        "values": [20, 5],
    }
    values = {"name": "parts", "base": "base.json", "slots": [iterations]}
    return read_space(Path(written(tmp_path, values, "space.json")))


def test_a_phase_ends_earlier_but_never_later(space):
    long, short = candidates_of(space).valid

    cut = shortened(space, long, 10)
    assert [phase.exit_criteria for phase in cut.config.phases] == [
        long.config.phases[0].exit_criteria,
        {"iterations": 10},
    ]
    assert cut.choice == long.choice
    assert cut.name != long.name
    assert shortened(space, short, 10) is short
