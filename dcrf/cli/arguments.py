"""The flags of the command line."""

import argparse
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from dcrf.cli.executors import add_executor_flags
from dcrf.cli.text import paragraph
from dcrf.config.rules.suggestions import closest
from dcrf.safety.limits import SEED_RANGE
from dcrf.schema.registry import TRACKERS

EXAMPLES = """\
examples:
  python main.py configurations/quickstart                     run every method file in a folder
  python main.py my_method.json --seed 0-4                     five seeds, with mean and deviation
  python main.py my_method.json --validate                     check the file without running it
  python main.py my_method.json --max_iterations 100           try it out
  python main.py my_method.json --set 'datasets[0].batch_size=64' \\
                 --set 'phases[finetuning].exit_criteria.iterations=2000'
  python main.py --resume runs/my_method/2026-01-31T12-00-00-0 resume a run that was interrupted
  python main.py configurations/quickstart --resume            ... every run that is not finished
  python main.py my_method.json --phases pretraining           the first phase now, the rest later

Results are written to runs/<method>/<time>-<seed>/: result.json (final ACC, NMI, ARI),
metrics.jsonl (all losses and evaluations), config.json (the method with every default filled in),
log.txt, clusters/ (the cluster of every sample), examples/ (typical samples of every cluster),
profiles/ (the columns of a table that distinguish it), parameters/, timing.json, environment.json.

exit codes: 0 all runs finished, 1 a run failed, 2 a file or the command line is invalid,
130 interrupted by Ctrl-C, 143 terminated by SIGTERM, 138 by SIGUSR1 (docs/clusters.md)
"""
_SEEDS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*,?")
_KEYS = "keys of a method file are changed by --set, as in --set 'datasets[0].batch_size=64'"
_OTHER_NAMES = {
    "--epochs": "epochs belong to a phase: --set 'phases[NAME].exit_criteria.epochs=N'",
    "--gpu": "did you mean --device cuda?",
    "--output": "did you mean --output_dir?",
    "--seeds": "did you mean --seed?",
}


class Parser(argparse.ArgumentParser):
    """A parser that suggests a flag for a misspelled one.

    other_names: unknown flag -> hint at what is meant.
    otherwise: the hint for any other unknown flag that resembles none.
    """

    other_names: Mapping[str, str] = MappingProxyType({})
    otherwise = ""

    def __init__(self, description: str = "", **options: Any) -> None:
        """Take the options of ArgumentParser. Epilogs keep their lines; flags stand whole."""
        formatter = argparse.RawDescriptionHelpFormatter
        description = "\n".join(paragraph(description))
        super().__init__(
            description=description, formatter_class=formatter, allow_abbrev=False, **options
        )

    def error(self, message: str) -> NoReturn:
        """Exit with the message, and a suggestion for an unknown flag."""
        known = list(self._option_string_actions)
        unknown = message.removeprefix("unrecognized arguments: ")
        words = unknown.split() if unknown != message else []
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        hints = [
            "; ".join(filter(None, [f"unknown flag {flag}", self._hint(flag, known)]))
            for flag in flags
        ]
        lines = hints or [f"{self.prog}: {message}"]
        self.exit(2, "\n".join([*lines, f"{self.prog} --help lists all flags\n"]))

    def _hint(self, flag: str, known: Sequence[str]) -> str:
        if flag in self.other_names:
            return self.other_names[flag]
        longer = [name for name in known if len(flag) > len("--x") and name.startswith(flag)]
        guess = longer[0] if len(longer) == 1 else closest(flag, known, cutoff=0.7)
        return f"did you mean {guess}?" if guess else self.otherwise


class _RunParser(Parser):
    """The parser of all flags of runs."""

    other_names = MappingProxyType(_OTHER_NAMES)
    otherwise = _KEYS


def parse(
    arguments: Sequence[str], flags: argparse.ArgumentParser | None = None
) -> argparse.Namespace:
    """Parse the command line. `--seed 0 1 2` means `--seed 0,1,2`.

    Args:
        arguments: the words of the command line.
        flags: the parser, by default that of `main.py`.
    """
    words: list[str] = []
    for word in arguments:
        follows_seed = words[-2:-1] == ["--seed"] and _SEEDS.fullmatch(words[-1])
        if follows_seed and _SEEDS.fullmatch(word) and not Path(word).exists():
            words[-1] = f"{words[-1].rstrip(',')},{word}"
        else:
            words.append(word)
    return (flags or parser()).parse_args(words)


def parser(
    prog: str = "main.py",
    paths: str = "FILE_OR_FOLDER",
    meaning: str = "method files, or folders of them",
    more_examples: str = "",
) -> argparse.ArgumentParser:
    """Return the parser of all flags.

    Args:
        prog: the name of the program in its help.
        paths: what the help calls the paths.
        meaning: what they are.
        more_examples: lines before the other examples.
    """
    flags = _RunParser(
        prog=prog,
        description="Train and evaluate deep clustering methods described by JSON files.",
        epilog=EXAMPLES.replace("examples:\n", f"examples:\n{more_examples}", 1),
    )
    add = flags.add_argument
    add("paths", nargs="+", metavar=paths, help=meaning)
    add("--validate", action="store_true", help="check the files without running them")
    add(
        "--print_config",
        action="store_true",
        help="print the method with all that it extends and every default, without running it",
    )
    add(
        "--seed",
        type=_seeds,
        metavar="N[,N...]",
        help="run with these seeds instead of the file's: 0, 0,1,2 or 0-4",
    )
    add("--device", help="torch device instead of the file's: cpu, cuda, cuda:1, ...")
    add("--max_iterations", type=positive, metavar="N", help="end every phase after N iterations")
    add(
        "--phases",
        type=_names,
        metavar="NAME[,NAME...]",
        help="stop before any other phase; --resume RUN_FOLDER runs the rest later",
    )
    add(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="JSON.PATH=VALUE",
        help="change a value of the files for this run; repeatable",
    )
    _add_run_flags(flags)
    _add_output_flags(flags)
    return flags


def _add_run_flags(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add_jobs(flags)
    add_executor_flags(flags)
    add("--timeout", type=_seconds, metavar="SECONDS", help="stop a run that takes longer")
    add(
        "--resume_on_error",
        action="store_true",
        help="continue with the other runs after a failure",
    )
    add(
        "--resume",
        action="store_true",
        help="resume runs that are not finished; FILE_OR_FOLDER may also be a run folder, also a "
        "finished one with a greater number of iterations",
    )
    add(
        "--checkpoint_interval",
        type=positive,
        metavar="N",
        help="iterations between checkpoints, default: about one minute",
    )
    add(
        "--keep_checkpoints",
        action="store_true",
        help="keep the checkpoints of runs that ended well",
    )


def add_jobs(flags: argparse.ArgumentParser) -> None:
    """Add the flag of the number of runs at the same time."""
    flags.add_argument(
        "--jobs",
        type=positive,
        metavar="N",
        help="run N at the same time, default: 1, or as many as a cluster takes",
    )


def add_output_dir(flags: argparse.ArgumentParser) -> None:
    """Add the flag of the folder for results."""
    flags.add_argument(
        "--output_dir",
        type=Path,
        default=Path("runs"),
        metavar="FOLDER",
        help="folder for results, default: runs",
    )


def _add_output_flags(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add_output_dir(flags)
    add(
        "--save_features",
        action="store_true",
        help="save the features of all samples after every phase; a resumed run does as it began",
    )
    add(
        "--tracker",
        type=_trackers,
        default=[],
        metavar="NAME[,NAME...]",
        help=f"pass the curves of runs to {', '.join(TRACKERS.stems)}, each an extra",
    )
    add(
        "--save_moments",
        type=positive,
        metavar="N",
        help="save the features of some samples every N iterations, for the slider of reports; a "
        "resumed run does as it began",
    )
    add("--no_report", action="store_true", help="write no report.html of the runs")
    logs = flags.add_mutually_exclusive_group()
    logs.add_argument(
        "--one_log_file",
        metavar="PATH",
        help="write all logs to this file; %%s is replaced by the method's name",
    )
    logs.add_argument("--no_log_files", action="store_true", help="write no log files")
    add("--quiet", action="store_true", help="print only the summary and errors")
    add("--no_log_timestamps", action="store_true", help="omit the time in log lines")


def _seeds(text: str) -> list[int]:
    if not _SEEDS.fullmatch(text.replace(" ", "")):
        expected = "a comma-separated list of integers or ranges such as 0, 0,1,2 or 0-4"
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
    seeds: dict[int, None] = {}
    for part in text.replace(" ", "").rstrip(",").split(","):
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        if not 0 < len(span) <= SEED_RANGE:
            raise argparse.ArgumentTypeError(
                f"the range {part} must rise and have at most {SEED_RANGE} seeds"
            )
        seeds.update(dict.fromkeys(span))
    return list(seeds)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(
            f"expected names of phases such as pretraining,finetuning, got {text!r}"
        )
    return names


def _trackers(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in TRACKERS.stems:
            guess = closest(name, TRACKERS.stems)
            remedy = f"did you mean {guess}?" if guess else f"known: {', '.join(TRACKERS.stems)}"
            raise argparse.ArgumentTypeError(f"no tracker is called {name!r}; {remedy}")
        if find_spec(name) is None:
            install = f"pip install 'dcrf[{name}]'"
            raise argparse.ArgumentTypeError(f"{name} is not installed; install it by: {install}")
    return names


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")
    return seconds


def positive(text: str) -> int:
    """Return the integer of at least 1 in a text, or raise ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, got {text!r}")
    return int(text)
