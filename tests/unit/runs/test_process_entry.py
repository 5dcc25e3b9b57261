"""Calling a function in another process."""

import os
import signal

import pytest

from dcrf.errors import DcrfError
from dcrf.runs.process_entry import call_in_process


def doubled_and_process(number):
    return 2 * number, os.getpid()


def dying(number):
    os.kill(os.getpid(), number)


def exiting(code):
    os._exit(code)


def test_the_result_comes_from_another_process():
    result, process = call_in_process(doubled_and_process, 21)

    assert result == 42
    assert process != os.getpid()


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (dying, signal.SIGKILL, "the process of dying died of SIGKILL"),
        (exiting, 3, "the process of exiting exited with code 3"),
    ],
)
def test_a_process_that_dies_is_an_error(function, argument, message):
    with pytest.raises(DcrfError, match=f"^{message}$"):
        call_in_process(function, argument)
