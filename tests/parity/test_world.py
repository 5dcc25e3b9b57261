"""Processes of one run: their collectives, decisions and copies of the method."""

import pytest
import torch
from torch import nn

from dcrf.errors import ProcessError, TrainingError
from dcrf.mappings.mapping import TrainableMapping
from dcrf.parallel.replicas import check_equal, share_state
from dcrf.parallel.rows import bounds
from dcrf.parallel.world import World, agreed, alone, averaged, current
from tests.parity.processes import in_processes


def in_each():
    """What one of two processes computes."""
    world = current()
    module = nn.BatchNorm1d(2)
    with torch.no_grad():
        module.weight.fill_(world.rank + 3)
    differs = raises(check_equal, module)
    share_state(module)
    check_equal(module)
    results = {
        "gathered": world.gather(torch.full((2 - world.rank, 1), float(world.rank)), [2, 1]),
        "sum": world.sum(torch.tensor([world.rank + 1])),
        "averaged": averaged([torch.full((2, 2), float(world.rank)), torch.ones(()).double()]),
        "decisions": [agreed(v if world.rank == 0 else "no") for v in (None, False, True, "yes")],
        "differs": differs,
        "shared": module.weight.detach(),
        "norm of one value": raises(TrainableMapping([module]), torch.zeros(2, 2)[:1]),
        "sent": dict(world.sent),
    }
    with alone():
        assert current() is None
    return results


def raises(call, argument):
    try:
        call(argument)
    except TrainingError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_two_processes_agree(tmp_path):
    for results in in_processes(in_each, 2, tmp_path):
        assert results["gathered"].flatten().tolist() == [0, 0, 1]
        assert results["sum"].tolist() == [3]
        means, one = results["averaged"]
        assert means.tolist() == [[0.5, 0.5], [0.5, 0.5]]
        assert one.dtype == torch.float64
        assert results["decisions"] == [None, False, True, "yes"]
        assert results["differs"].startswith("ProcessError: the processes of this run have differ")
        assert results["shared"].tolist() == [3, 3]
        assert "more than 1 value" in results["norm of one value"]
        assert results["sent"] == {"gather": 8, "sum": 8 + 16 + 8}


def in_one_that_ends():
    world = current()
    if world.rank == 1:
        return ""
    return raises(world.sum, torch.ones(1))


def test_a_process_that_has_ended_is_an_error(tmp_path):
    error, _ = in_processes(in_one_that_ends, 2, tmp_path)

    assert (
        error
        == f"{ProcessError.__name__}: another process of this run has ended or does not answer"
    )


@pytest.mark.parametrize(("n", "counts"), [(7, [3, 2, 2]), (2, [1, 1, 0]), (6, [2, 2, 2])])
def test_rows_are_shared_evenly(n, counts):
    worlds = [World(rank, 3) for rank in range(3)]

    assert worlds[0].counts(n) == counts
    rows = [number for world in worlds for number in range(n)[bounds(n, world)]]
    assert rows == list(range(n))


def test_one_process_decides_for_itself():
    assert current() is None
    assert agreed("yes") == "yes"
    gradient = torch.ones(1)
    assert averaged([gradient])[0] is gradient
