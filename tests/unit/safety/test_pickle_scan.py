"""The scan accepts what torch saves, and refuses what costs more than its length."""

import pickle

import pytest
import torch

from dcrf.errors import DataError
from dcrf.safety.limits import PICKLE_LEVELS
from dcrf.safety.pickle_scan import check_pickle
from tests.security.files import endless_pickles, pickled_of, saved

SHARED = (0.9, 0.999)
TENSOR = torch.zeros(2, 3)
NETWORK = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))


def nested(levels):
    value = 0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "content",
    [
        {},
        NETWORK.state_dict(),
        dict(NETWORK.named_parameters()),
        {"a": TENSOR, "the same": TENSOR, "transposed": TENSOR.mT},
        {str(number): number for number in range(3500)},  # more than one SETITEMS
        {"first": {"betas": SHARED}, "second": {"betas": SHARED}},
        {"long": tuple(range(20)), "numbers": [2**70, -1, 1.5, None, True], "empty": ()},
        nested(PICKLE_LEVELS),
    ],
)
def test_tensors_and_plain_values_pass(content):
    check_pickle(pickled_of(saved(content)))


@pytest.mark.parametrize("name", endless_pickles())
def test_an_endless_pickle_is_refused(name):
    with pytest.raises(DataError):
        check_pickle(endless_pickles()[name])


def test_one_level_more_is_refused():
    with pytest.raises(DataError, match=f"more than {PICKLE_LEVELS} levels"):
        check_pickle(pickle.dumps(nested(PICKLE_LEVELS + 1), protocol=2))


@pytest.mark.parametrize("shared", [[], {}, tuple(range(20)), (SHARED, 1)])
def test_a_container_that_could_unfold_is_refused_twice(shared):
    with pytest.raises(DataError, match="the same container twice"):
        check_pickle(pickle.dumps({"a": shared, "b": shared}, protocol=2))


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", b"\x80\x02\x86.", b"\x80\x02e.", b"\x80\x02h\x05."]
)
def test_a_broken_pickle_is_no_file_of_tensors(content):
    with pytest.raises((LookupError, ValueError)):
        check_pickle(content)
