"""Shipped methods train in two processes as in one."""

import pytest

from tests.cases.methods import fake_mnist, fake_newsgroups, fake_usps
from tests.contract.test_configurations import EXTRAS, FILES, missing_data
from tests.parity.processes import in_processes
from tests.parity.shipped import difference, run_shipped

RUNNABLE = [
    file
    for file in FILES
    if missing_data(file) is None and not any(f'"{e}"' in file.read_text() for e in EXTRAS)
]
FIRST = list({file.parent: file for file in reversed(RUNNABLE)}.values())
"""One method of each folder."""


@pytest.mark.slow
def test_two_processes_train_shipped_methods_as_one(tmp_path):
    """Two iterations of each phase; losses in float32, of which Adam enlarges rounding errors."""
    data = fake_newsgroups(fake_usps(fake_mnist(tmp_path)))
    (tmp_path / "processes").mkdir()

    one = run_shipped(FIRST, data, tmp_path / "one")
    arguments = (FIRST, data, tmp_path / "two")
    two, _ = in_processes(run_shipped, 2, tmp_path / "processes", *arguments)

    assert {stem: lines[0] for stem, lines in two.items()} == dict.fromkeys(one, "ok")
    differences = {stem: difference(one[stem], two[stem]) for stem in one}
    assert {stem: d for stem, d in differences.items() if not d < 1e-3} == {}
