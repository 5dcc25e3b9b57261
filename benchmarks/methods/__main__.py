"""Measure the shipped methods, and write the page of methods.

Results stand in `benchmarks/methods/results/<file>/<seed>.json`. Those of the present file and
version are kept, so an interrupted call continues where it stopped; delete a result to measure it
again.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.methods.files import CONFIGURATIONS, MethodFile, method_files
from benchmarks.methods.finished import finished_run
from benchmarks.methods.measure import measure, shared_starts
from benchmarks.methods.page import page, pages
from benchmarks.methods.records import RESULTS, Records
from dcrf.errors import DcrfError
from dcrf.reproduction.figures import read_published
from dcrf.storage.atomic_files import locked, write_atomically

INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Measure what has no current result, and write the page after each; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="files or folders, by default all")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds 0 to N - 1")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names of files")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument(
        "--runs",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="take finished runs from these; run nothing",
    )
    parser.add_argument("--minutes", type=float, default=30, help="most minutes of a run")
    options = parser.parse_args(arguments)
    records = Records(options.results)
    try:
        files = method_files(options.paths or [CONFIGURATIONS], options.only)
    except (DcrfError, OSError, ValueError) as error:
        parser.exit(2, f"{error}\n")
    try:
        with locked(records.folder / "unfinished" / "lock"):
            _fill(files, records, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        parser.exit(2, f"{error}\n")
    return 0


def _fill(files: Sequence[MethodFile], records: Records, options: argparse.Namespace) -> None:
    """Measure what is due, or take it from finished runs; write the pages after each."""
    _write_pages(files, records)
    starts = shared_starts({file.stem: file.config for file in files})
    unfinished = records.folder / "unfinished"
    for file, seed in due(files, records, options.seeds):
        if options.runs:
            measurement = finished_run(file, seed, options.runs)
        else:
            start = starts.get(file.stem)
            measurement = measure(file, seed, unfinished, options.minutes, start)
        if measurement is not None:
            records.write(file, measurement)
            _write_pages(files, records)


def due(
    files: Sequence[MethodFile], records: Records, n_seeds: int
) -> Iterator[tuple[MethodFile, int]]:
    """Yield the runs without a current result: seed by seed, unmeasured files first."""
    for seed in range(n_seeds):
        missing: list[MethodFile] = []
        outdated: list[MethodFile] = []
        for file in files:
            measurement = records.read(file).get(seed)
            if measurement is None:
                missing.append(file)
            elif not (measurement.is_ok and records.is_current(file, measurement)):
                outdated.append(file)
        yield from ((file, seed) for file in (*missing, *outdated))


def _write_pages(files: Sequence[MethodFile], records: Records) -> None:
    """Write the pages of all shipped methods, or those of other results beside them."""
    published = read_published()
    if records.folder == RESULTS:
        texts = pages(method_files([CONFIGURATIONS]), records, published)
    else:
        texts = {records.folder / "README.md": page(files, records, published, records.folder)}
    for path, text in texts.items():
        write_atomically(path, text.encode())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
