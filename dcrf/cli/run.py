"""The command `dcrf run`: run method files as `main.py` does, or a method on one's own data."""

import argparse
import csv
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dcrf.cli.arguments import Parser, parse
from dcrf.cli.arguments import parser as run_parser
from dcrf.cli.executors import check_executor
from dcrf.cli.main import follow
from dcrf.cli.main import main as run_methods
from dcrf.cli.output import announce, command
from dcrf.cli.own_data import add_flags, content_for, given_flags
from dcrf.config.file_names import clean_name
from dcrf.config.rules.suggestions import closest
from dcrf.errors import CommandLineError
from dcrf.reporting.profile_lines import profile_lines
from dcrf.reporting.writers import say
from dcrf.runs.launched import launched
from dcrf.runs.process_entry import start_server
from dcrf.runs.resume import finished_outcome
from dcrf.runs.run_folder import run_folders
from dcrf.storage.atomic_files import write_atomically
from dcrf.storage.write_json import readable

UNUSABLE = 2
_WIDTH = 100  # of lines that go to no terminal
_EXAMPLES = """\
  dcrf run my_table.csv --clusters 3 --id name                 a table; --clusters auto chooses
  dcrf run my_images --clusters 10 --method dec                a folder of images, another method
  dcrf run my_texts.csv --clusters 5 --text review             a column of texts
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    process = launched()
    if process is not None and process.rank > 0:
        return follow(process)
    options = parse(arguments, parser())
    check_executor(options)
    data = [path for path in options.paths if not path.endswith(".json")]
    if data and not options.quiet:
        announce("loading", data)
    own = Parser(add_help=False)
    add_flags(own)
    _, rest = own.parse_known_args(arguments)
    try:
        of_data: dict[Path, str] = {}
        files = [_method_file(path, options, of_data) for path in options.paths]
    except OSError as error:
        say(f"the method file cannot be written: {error}", is_error=True)
        return UNUSABLE
    made = dict(zip(options.paths, files, strict=True))
    code = run_methods([made.get(word, word) for word in rest])
    if code == 0 and not (options.quiet or options.validate or options.print_config):
        for path, file in made.items():
            if path != file:
                _say_what_is_next(options.output_dir / clean_name(Path(file).stem))
    return code


def _check_place(data: Path, output_dir: Path) -> None:
    """Raise CommandLineError if results would become part of the data."""
    folder, place = data.resolve(), output_dir.resolve()
    if data.is_dir() and (folder == place or folder in place.parents):
        raise CommandLineError(
            f"--output_dir {output_dir} is in the folder of the data, {data}; name another one"
        )


def _say_what_is_next(runs: Path) -> None:
    """Say what the clusters are and how to cluster new data, unless the run has stopped before."""
    folder = run_folders(runs)[-1]
    if finished_outcome(folder, folder) is None:
        return
    for file in sorted((folder / "profiles").glob("*.csv")):
        say("")
        _say_profile(file)
    say("")
    for file in sorted((folder / "examples").glob("*.csv")):
        say(f"examples of every cluster: {file}")
    for file in sorted((folder / "clusters").glob("*.csv")):
        say(f"the cluster of every sample: {file}")
    say(f"new data: {command()} predict {folder} NEW_DATA")
    say(f"another method: add --method k_means; {command()} select RUN RUN compares without labels")


def _say_profile(file: Path) -> None:
    """Say how clusters differ from all samples, in lines that fit into the terminal."""
    rows: list[dict[str, str]] = []
    with suppress(csv.Error), file.open(encoding="utf-8", newline="") as stream:
        rows += csv.DictReader(stream)  # a term may be longer than the module's limit of a field
    for line in profile_lines(rows, shutil.get_terminal_size((_WIDTH, 0)).columns):
        say(line)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all flags, for its help."""
    meaning = (
        "method files, folders of them, or data: a table, an array, a folder of images or texts"
    )
    flags = run_parser("dcrf run", "FILE_OR_FOLDER_OR_DATA", meaning, _EXAMPLES)
    add_flags(flags.add_argument_group("for data of your own"))
    return flags


def _method_file(path: str, options: argparse.Namespace, made: dict[Path, str]) -> str:
    """Return a path as it is, or the method file that is made for the data at it.

    Args:
        path: of the command line.
        options: the parsed flags.
        made: method file -> the data that it has been made for, which is added.
    """
    given = given_flags(options)
    if given and not Path(path).exists():
        raise CommandLineError(_missing(Path(path)))
    is_file = path.endswith(".json")
    if is_file or not _is_data(path, is_meant=bool(given)):
        if given and (is_file or _has_files_of_dcrf(Path(path))):
            kind = "a method file" if is_file else "a folder of runs or method files"
            raise CommandLineError(f"{given[0]} is for data, but {path} is {kind}")
        if not given:
            return path
    _check_place(Path(path), options.output_dir)
    content = content_for(Path(path), options, options.output_dir)
    file: Path = options.output_dir / f"{content['name']}.json"
    if (other := made.setdefault(file, path)) != path:
        raise CommandLineError(
            f"{path} and {other} have one name, {Path(path).stem}, and so would their runs; rename "
            "one, or run them one after another with an --output_dir of its own"
        )
    _write(file, f"{readable(content)}\n".encode())
    return str(file)


def _has_files_of_dcrf(path: Path) -> bool:
    return path.is_dir() and bool(run_folders(path) or any(path.glob("*.json")))


def _is_data(path: str, is_meant: bool) -> bool:
    if launched() is None:
        start_server()  # it imports torch for the runs while this process does so to read data
    from dcrf.runs.new_method import is_data  # noqa: PLC0415 - it imports torch

    return is_data(Path(path), is_meant=is_meant)


def _write(file: Path, content: bytes) -> None:
    """Write a method file; another one of its name, which may be edited, is kept and named."""
    from dcrf.storage.parameter_files import unused  # noqa: PLC0415 - it imports torch

    if file.exists() and file.read_bytes() != content:
        kept = unused(file)
        file.rename(kept)
        say(f"the method file {file} was another one, which is now {kept}")
    write_atomically(file, content)


def _missing(path: Path) -> str:
    """Return that a path does not exist, and which one may be meant."""
    beside = [other.name for other in path.parent.glob("*")] if path.parent.is_dir() else []
    guess = closest(path.name, beside)
    return f"{path} does not exist" + (f"; did you mean {path.parent / guess}?" if guess else "")
