"""The flags of the command line."""

import argparse
from pathlib import Path

EXAMPLES = """\
examples:
  python main.py configurations/quickstart                     run every file in a folder
  python main.py my_method.json --seed 0,1,2,3,4               five seeds, with mean and deviation
  python main.py my_method.json --validate                     check the file, run nothing
  python main.py my_method.json --max_iterations 100           try it out
  python main.py my_method.json --set 'datasets[0].batch_size=64' \\
                 --set 'phases[finetuning].exit_criteria.iterations=2000'

Results go to runs/<method>/<time>-<seed>/: result.json (final ACC, NMI, ARI), metrics.jsonl (all
losses and evaluations), config.json (the method with every default written out), log.txt,
clusters/ (the cluster of every sample), parameters/, timing.json, environment.json.

exit codes: 0 all done, 1 a method failed, 2 a file or the command line is unusable,
130 interrupted by Ctrl-C
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
    add("--resume_on_error", action="store_true", help="go on with the next method after a failure")
    add("--output_dir", type=Path, default=Path("runs"), metavar="FOLDER", help="default: runs")
    logs = made.add_mutually_exclusive_group()
    logs.add_argument(
        "--one_log_file",
        metavar="PATH",
        help="send all logs to this file; %%s in it stands for the method's name",
    )
    logs.add_argument("--no_log_files", action="store_true", help="write no log files")
    add("--no_log_timestamps", action="store_true", help="leave the time out of log lines")
    return made


def _seeds(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 0 or 0,1,2")
    return list(dict.fromkeys(map(int, parts)))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)
