"""Run the queue of reproductions, and write their results and the page after each.

It continues where it stopped: a run that is not finished is resumed, and a result of the present
method file is kept. Delete a result to measure it again.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from pathlib import Path

from benchmarks.methods.files import CONFIGURATIONS, method_files
from benchmarks.methods.page import pages as method_pages
from benchmarks.methods.records import RESULTS as METHODS
from benchmarks.methods.records import Records
from benchmarks.reproduction.page import reproduction_pages
from benchmarks.reproduction.results import RESULTS, Results
from dcrf.cli.reproduce import INTERRUPTED, ReproducedRuns
from dcrf.errors import DcrfError
from dcrf.reproduction.entries import Reproduction, read_reproductions, reproductions_called
from dcrf.reproduction.figures import read_published
from dcrf.storage.atomic_files import locked, read_json, write_atomically

QUEUE = Path(__file__).with_name("queue.json")
"""A list of names, each with the number of seeds that is run before the next entry; names may
return with more seeds."""


def main(arguments: Sequence[str], known: Mapping[str, Reproduction] | None = None) -> int:
    """Run what has no result; return the exit code.

    Args:
        arguments: of the command line.
        known: name -> reproduction; None for the shipped ones.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reproduction", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of reproductions")
    parser.add_argument("--list", action="store_true", help="show the queue, and run nothing")
    parser.add_argument("--minutes", type=float, default=inf, help="stop with a checkpoint")
    parser.add_argument("--queue", type=Path, default=QUEUE, metavar="FILE")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument(
        "--output_dir", type=Path, default=Path("runs", "reproduction"), metavar="FOLDER"
    )
    options = parser.parse_args(arguments)
    known = read_reproductions() if known is None else known
    results = Results(options.results)
    queue = [(name, n) for name, n in read_json(options.queue) if name in (options.only or [name])]
    try:
        reproductions_called([*(options.only or ()), *(name for name, _ in queue)], known)
    except DcrfError as error:
        parser.exit(2, f"{error}\n")
    if options.list:
        for line in queue_lines(queue, known, results):
            sys.stdout.write(f"{line}\n")
        return 0
    try:
        with locked(options.output_dir / "lock"):
            return _run(queue, known, results, options)
    except OSError as error:
        parser.exit(2, f"{error}\n")


def due(
    queue: Sequence[tuple[str, int]], known: Mapping[str, Reproduction], results: Results
) -> Iterator[tuple[Reproduction, int]]:
    """Yield the reproductions and seeds without a result, in the order of the queue."""
    tried = set()
    for name, n_seeds in queue:
        for seed in range(n_seeds):
            if (name, seed) not in tried and seed not in results.read(known[name]):
                tried.add((name, seed))
                yield known[name], seed


def queue_lines(
    queue: Sequence[tuple[str, int]], known: Mapping[str, Reproduction], results: Results
) -> Iterator[str]:
    """Yield a line for every entry of the queue."""
    for name, n_seeds in queue:
        n_finished = sum(seed < n_seeds for seed in results.read(known[name]))
        yield f"{n_finished:3} of {n_seeds:3} seeds  {name}"


def _run(
    queue: Sequence[tuple[str, int]],
    known: Mapping[str, Reproduction],
    results: Results,
    options: argparse.Namespace,
) -> int:
    """Run the queue; return 0, the exit code of an interruption, or 1 after a failure."""
    deadline = time.monotonic() + 60 * options.minutes
    failed = 0
    for reproduction, seed in due(queue, known, results):
        if time.monotonic() >= deadline:
            return failed
        runs = ReproducedRuns(reproduction, options.output_dir)
        code = 0 if seed in runs.finished() else runs.run(seed, deadline)
        if code in INTERRUPTED:
            return code
        if (result := runs.finished().get(seed)) is not None:
            results.write(reproduction, result)
            _write_pages(known, results)
        elif time.monotonic() < deadline:
            failed = 1
    return failed


def _write_pages(known: Mapping[str, Reproduction], results: Results) -> None:
    """Write all pages with results of reproductions, or those of other results beside them."""
    if results.folder == RESULTS:
        texts = reproduction_pages(known, results)
        texts |= method_pages(method_files([CONFIGURATIONS]), Records(METHODS), read_published())
    else:
        texts = reproduction_pages(known, results, results.folder)
    for path, content in texts.items():
        write_atomically(path, content.encode())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
