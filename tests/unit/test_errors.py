"""What a user reads when a file cannot be used."""

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


@pytest.mark.parametrize(
    "error",
    [
        caught(lambda: bytearray(2**62)),
        caught(lambda: np.zeros(2**59)),
        caught(lambda: torch.zeros(2**59)),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
    ids=["python", "numpy", "torch", "cuda", "cublas"],
)
def test_what_went_out_of_memory_says_so_through_all_that_blame_it(error):
    blamed = TrainingError(f"data set digits, pretraining: {cause_of(error)}")

    assert status_of(str(blamed)) == "out of memory"


def test_what_diverged_says_so_through_all_that_blame_it():
    blamed = TrainingError(f"data set digits, pretraining: {DivergedError('dec/loss is nan')}")

    assert status_of(str(blamed)) == "diverged"
    assert str(blamed).endswith("dec/loss is nan")


def test_other_causes_are_failures():
    assert status_of("data set digits: there is no such file") == "failed"
