"""Pickles are read without importing a class, and without calling a function."""

import io
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from dcrf.errors import DataError
from dcrf.safety.inert_pickle import Inert, inert_values

PLAIN = [
    None,
    True,
    "text",
    "x" * 300,
    b"bytes",
    7,
    -70_000,
    2**40,
    (),
    (1,),
    (1, 2),
    (1, 2, 3),
    (1, 2, 3, 4),
    [],
    ["a"],
    ["a", "b", ["a"]],
    {},
    {"a": 1},
    {"a": [1, "a"], "b": {"c": ()}},
]


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_are_read_as_pickle_reads_them(value, protocol):
    assert inert_values(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_objects_stay_what_the_pickle_says(protocol):
    value = inert_values(pickle.dumps({"a": np.arange(3), "b": OrderedDict(x=1)}, protocol))

    assert isinstance(value["a"], Inert)
    assert value["a"].name.startswith("numpy.")
    assert (value["b"].name, value["b"].items) == ("collections.OrderedDict", {"x": 1})


class Harmful:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return io.open, (self.trace, "w")


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_nothing_is_called(tmp_path, protocol):
    content = pickle.dumps(Harmful(str(tmp_path / "trace")), protocol)
    value = inert_values(content)

    assert (value.name, value.arguments) == ("io.open", (str(tmp_path / "trace"), "w"))
    assert not (tmp_path / "trace").exists()
    pickle.loads(content).close()
    assert (tmp_path / "trace").exists()


@pytest.mark.parametrize("value", [{1, 2}, frozenset({1}), 1.5, {1: 2}, {("a",): 1}], ids=repr)
def test_other_values_are_refused(value):
    with pytest.raises((DataError, TypeError)):
        inert_values(pickle.dumps(value, 4))


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"\x80\x04.", b"\x80\x04N", b"\x80\x04NN.", b"\x80\x04e.", b"\x80\x04h\x07.",
     b"\x80\x04\x93.", b"\x80\x04R.", b"\x80\x04NNR.", b"\x80\x04Nb.", b"\x80\x04NNb.",
     b"\x80\x04\x94.", b"\x80\x04\x86.", b"\x80\x04]Ns.", b"\x80\x04\x96\xff\xff\xff\xff\x00\x00"],
)  # fmt: skip
def test_damaged_pickles_are_errors(content):
    with pytest.raises((DataError, LookupError, ValueError, TypeError)):
        inert_values(content)
