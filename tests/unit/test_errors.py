"""What a user reads when a file cannot be used."""

import errno
from pathlib import Path

import numpy as np
import pytest
import torch

from dcrf.errors import (
    ConfigError,
    DataError,
    DcrfError,
    DivergedError,
    Problem,
    TrainingError,
    cause_of,
    status_of,
)


def test_every_problem_is_shown_with_place_finding_and_remedy():
    error = ConfigError(
        Path("method.json"),
        [
            Problem("$.phases[0].name", "a number", "a text is expected", line=3, column=9),
            Problem("$.seed", "a text stands here"),
        ],
    )

    assert str(error) == (
        "method.json has 2 problems\n"
        "method.json:3:9: $.phases[0].name: a number\n"
        "    a text is expected\n"
        "method.json: $.seed: a text stands here"
    )


def test_no_part_of_a_problem_can_be_taken_for_another():
    text = str(ConfigError("a.json", [Problem("$", "found\nb.json: ok", "do\nc.json: ok")]))

    assert text == (
        "a.json has 1 problem\na.json: $: found\n    b.json: ok\n    do\n    c.json: ok"
    )


def test_one_problem_is_no_plural():
    assert str(ConfigError("a.json", [Problem("$", "x")])).startswith("a.json has 1 problem\n")


def test_problems_can_be_read_one_by_one():
    problem = Problem("$", "found", "remedy")
    error = ConfigError("a.json", [problem])

    assert error.problems == (problem,)
    assert error.source == "a.json"


@pytest.mark.parametrize("kind", [ConfigError, DataError, DivergedError, TrainingError])
def test_all_errors_have_one_base(kind):
    assert issubclass(kind, DcrfError)


def caught(cause):
    """What a call raises that asks for far more than any machine has."""
    with pytest.raises((MemoryError, RuntimeError)) as found:
        cause()
    return found.value


def blamed(error):
    """An error as a run has it in the end: ours, raised from another one."""
    try:
        try:
            raise error
        except Exception as cause:
            raise TrainingError(f"data set digits, pretraining: {cause_of(cause)}") from cause
    except TrainingError as found:
        return found


@pytest.mark.parametrize(
    "error",
    [
        caught(lambda: bytearray(2**62)),
        caught(lambda: np.zeros(2**59)),
        caught(lambda: torch.zeros(2**59)),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("unable to mmap 400 bytes from file <x>: Cannot allocate memory (12)"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=["python", "numpy", "torch", "cuda", "cublas", "c++", "map", "fork"],
)
def test_what_went_out_of_memory_says_so_through_all_that_blame_it(error):
    assert status_of(error) == "out of memory"
    assert status_of(blamed(error)) == "out of memory"
    assert status_of(blamed(blamed(error))) == "out of memory"


def test_what_diverged_says_so_through_all_that_blame_it():
    error = blamed(DivergedError("dec/loss is nan"))

    assert status_of(error) == "diverged"
    assert str(error).endswith("training has diverged: dec/loss is nan")


@pytest.mark.parametrize(
    "error",
    [
        DataError("data set digits: there is no such file"),
        TrainingError("data set out of memory, pretraining: it has no labels"),
        TrainingError("data set x: MemoryError: training has diverged"),
        FileNotFoundError(errno.ENOENT, "No such file", "/data/training has diverged/x.npy"),
        ValueError("'out of memory' is no name of a class"),
    ],
)
def test_other_causes_are_failures_whatever_names_they_hold(error):
    assert status_of(error) == "failed"
    assert status_of(blamed(error)) == "failed"


def test_what_an_error_was_raised_instead_of_does_not_count():
    error = DataError("there is no such file")
    error.__context__, error.__suppress_context__ = MemoryError(), True

    assert status_of(error) == "failed"
