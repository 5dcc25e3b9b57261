"""Several processes compute what one computes: outputs, losses, gradients and parameters."""

import pytest

from tests.parity.cases import KINDS, QUICK, deviation, results_of
from tests.parity.processes import in_processes

MOST = 1e-6
pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")

NOT_SHARED = {
    "layers/FractionalMaxPool2d": "it draws numbers in a way of its own",
    "layers/FractionalMaxPool3d": "it draws numbers in a way of its own",
    "layers/LazyInstanceNorm1d": "running statistics are means over samples",
    "layers/LazyInstanceNorm2d": "running statistics are means over samples",
    "layers/LazyInstanceNorm3d": "running statistics are means over samples",
    "layers/statistics of instances": "running statistics are means over samples",
    "layers/unpool_by_indices": "positions of maxima belong to whole batches",
    "layers/fewer rows than processes": "a process would have none",
    "layers/softmax over rows": "it sees other rows",
    "layers/rows as steps": "it sees other rows",
    "layers/a norm of embeddings": "it changes its weights by the rows that it sees",
}
"""Case -> why every process runs all rows."""


def compare(names, size, folder):
    one, several = results_of(names), in_processes(results_of, size, folder, names)
    for results in several:
        assert results.keys() == one.keys()
        differing = {name: deviation(one[name], results[name]) for name in one}
        assert {name: d for name, d in differing.items() if not d <= MOST} == {}
    return {name for name in one if not several[0][name]["gathered"]}


def test_two_processes_equal_one(tmp_path):
    """For every design pattern, strategy and layer, with nine or five rows."""

    assert compare(QUICK, 2, tmp_path) == NOT_SHARED.keys()


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3])
def test_all_cases_agree(tmp_path, size):
    compare({kind: names for kind, (_, names) in KINDS.items()}, size, tmp_path)
