"""Flags: seeds in every spelling, and suggestions for misspelled ones."""

import pytest

from dcrf.cli.arguments import parse


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
