"""The flags of the command line."""

import argparse
from math import inf
from pathlib import Path

EXAMPLES = """\
examples:
  python main.py configurations/quickstart                     run every file in a folder
  python main.py my_method.json --seed 0,1,2,3,4               five seeds, with mean and deviation
  python main.py my_method.json --validate                     check the file, run nothing
  python main.py my_method.json --max_iterations 100           try it out
  python main.py my_method.json --set 'datasets[0].batch_size=64' \\
                 --set 'phases[finetuning].exit_criteria.iterations=2000'
  python main.py --resume runs/my_method/2026-01-31T12-00-00-0 go on with a run that was stopped
  python main.py configurations/quickstart --resume            ... with whatever is not finished

Results go to runs/<method>/<time>-<seed>/: result.json (final ACC, NMI, ARI), metrics.jsonl (all
losses and evaluations), config.json (the method with every default written out), log.txt,
clusters/ (the cluster of every sample), parameters/, timing.json, environment.json.

exit codes: 0 all done, 1 a method failed in any way, 2 a file or the command line is unusable,
130 interrupted by Ctrl-C, 143 terminated by SIGTERM
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all flags."""
    made = argparse.ArgumentParser(
        prog="main.py",
        description="Train and evaluate deep clustering methods that are described by JSON files.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("paths", nargs="+", metavar="FILE_OR_FOLDER", help="method files, or folders of them")
    add("--validate", action="store_true", help="check the files and run nothing")
    add("--seed", type=_seeds, metavar="N[,N...]", help="seeds to run with, instead of the file's")
    add("--device", help="torch device, instead of the file's: cpu, cuda, cuda:1, ...")
    add("--max_iterations", type=_positive, metavar="N", help="end every phase after N iterations")
    add(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="JSON.PATH=VALUE",
        help="change a value of the files for this run; as often as wanted",
    )
    _add_batch_flags(made)
    _add_output_flags(made)
    return made


def _add_batch_flags(made: argparse.ArgumentParser) -> None:
    """Add what says how the runs are made."""
    add = made.add_argument
    add("--jobs", type=_positive, default=1, metavar="N", help="make N runs at once, default: 1")
    add("--timeout", type=_seconds, metavar="SECONDS", help="stop a run that takes longer")
    add("--resume_on_error", action="store_true", help="go on with the others after a failure")
    add(
        "--resume",
        action="store_true",
        help="go on with what was stopped; FILE_OR_FOLDER may also be the folder of a run",
    )
    add(
        "--checkpoint_interval",
        type=_positive,
        metavar="N",
        help="iterations between checkpoints, default: one about every minute",
    )


def _add_output_flags(made: argparse.ArgumentParser) -> None:
    """Add what says where results and logs go."""
    add = made.add_argument
    add("--output_dir", type=Path, default=Path("runs"), metavar="FOLDER", help="default: runs")
    logs = made.add_mutually_exclusive_group()
    logs.add_argument(
        "--one_log_file",
        metavar="PATH",
        help="send all logs to this file; %%s in it stands for the method's name",
    )
    logs.add_argument("--no_log_files", action="store_true", help="write no log files")
    add("--no_log_timestamps", action="store_true", help="leave the time out of log lines")


def _seeds(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 0 or 0,1,2")
    return list(dict.fromkeys(map(int, parts)))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)
