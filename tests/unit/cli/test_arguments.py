"""Flags: seeds in every spelling, and suggestions for misspelled ones."""

import pytest

from dcrf.cli.arguments import parse
from dcrf.cli.executors import check_executor, executor_words
from dcrf.errors import CommandLineError


@pytest.mark.parametrize(
    ("words", "seeds"),
    [
        (["--seed", "3"], [3]),
        (["--seed", "0,1,2"], [0, 1, 2]),
        (["--seed", "0", "1", "2"], [0, 1, 2]),
        (["--seed", "0,", "1,", "2"], [0, 1, 2]),
        (["--seed", "0-4"], [0, 1, 2, 3, 4]),
        (["--seed", "7,0-2", "2"], [7, 0, 1, 2]),
        (["--seed", "0, 1"], [0, 1]),
        ([], None),
    ],
)
def test_seeds_are_lists_or_ranges(words, seeds):
    for arguments in ([*words, "m.json"], ["m.json", *words]):
        options = parse(arguments)

        assert options.seed == seeds
        assert options.paths == ["m.json"]


@pytest.mark.parametrize("text", ["one", "3-1", "0-99999999", "1.5", ""])
def test_other_seeds_are_refused(text, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(["--seed", text, "m.json"])

    assert caught.value.code == 2
    assert "argument --seed: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "hint"),
    [
        ("--max_iter", "did you mean --max_iterations?"),
        ("--max-iterations", "did you mean --max_iterations?"),
        ("--out", "did you mean --output_dir?"),
        ("--resume_on_eror", "did you mean --resume_on_error?"),
        ("--epochs", "epochs belong to a phase: --set 'phases[NAME].exit_criteria.epochs=N'"),
        ("--gpu", "did you mean --device cuda?"),
        ("--batch_size", "keys of a method file are changed by --set, as in "),
    ],
)
def test_an_unknown_flag_gets_a_suggestion(flag, hint, capsys):
    for words in (["m.json", flag, "5"], ["m.json", f"{flag}=5"]):
        with pytest.raises(SystemExit) as caught:
            parse(words)

        assert caught.value.code == 2
        assert capsys.readouterr().err.startswith(f"unknown flag {flag}; {hint}")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--executor", "desk"], "no executor is called 'desk'; did you mean dask?"),
        (["--executor", "cloud"], "no executor is called 'cloud'; known: dask, local, slurm"),
    ],
)
def test_an_unknown_executor_gets_a_suggestion(words, hint, capsys):
    with pytest.raises(SystemExit):
        parse([*words, "m.json"])

    assert hint in capsys.readouterr().err


def test_a_flag_of_another_executor_is_refused():
    options = parse(["--dask_scheduler", "tcp://127.0.0.1:8786", "m.json"])

    with pytest.raises(CommandLineError, match="--dask_scheduler is for --executor dask, not loc"):
        check_executor(options)


def test_the_words_of_an_executor_mean_the_same_one():
    words = ["--executor", "slurm", "--slurm", "partition=a b", "--slurm", "time=5"]

    assert [*executor_words(parse([*words, "m.json"]))] == words
