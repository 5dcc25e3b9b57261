"""The command `dcrf new`: write a method file to start from, for one's own data."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.cli.arguments import Parser
from dcrf.cli.comments import commented
from dcrf.cli.dry_runs import shapes_of
from dcrf.cli.output import announce, command
from dcrf.cli.own_data import add_flags, content_for, given_flags
from dcrf.config import load_checked
from dcrf.errors import CommandLineError, ConfigError
from dcrf.reporting.writers import say
from dcrf.storage.atomic_files import write_atomically
from dcrf.storage.write_json import readable

OK, UNUSABLE = 0, 2
DESCRIPTION = """\
Write a method file for your own data: a shipped method with layers of the right size, and your data
as its data set. Without DATA, write a shipped method on its own data. Comments say what its entries
are. Run it by dcrf run FILE, or edit it first.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    announce("loading", [options.data or options.method or "a method"])
    try:
        content = _content(options)
        file = options.output or Path(f"{content['name']}.json")
        if file.exists():
            raise CommandLineError(f"{file} exists; name another file with --output")
        if options.data is not None:
            _check(content, file)
        write_atomically(file, f"{readable(commented(content, _advice(file)))}\n".encode())
    except OSError as error:
        say(f"the file cannot be written: {error}", is_error=True)
        return UNUSABLE
    say(f"written to {file}; run it by: {command()} run {file}")
    return OK


def _content(options: Namespace) -> dict[str, Any]:
    """Return the content of the new file.

    Raises:
        CommandLineError: flags describe data, but no data are named; or as `content_for`.
        DataError, ConfigError: the data or the method cannot be used.
    """
    from dcrf.runs.new_method import method_on_its_data  # noqa: PLC0415 - it imports torch

    if options.data is not None:
        folder = options.output.parent if options.output else Path()
        return content_for(options.data, options, folder)
    if flags := [flag for flag in given_flags(options) if flag != "--method"]:
        raise CommandLineError(f"{flags[0]} is about data; name DATA, too")
    return method_on_its_data(options.method)


def _advice(file: Path) -> list[str]:
    """Return the beginning of the comment of the whole file."""
    return [
        f"{command()} describe {file.name} shows this method with the shapes between its layers.",
        f"{command()} explain WORD explains a part or a key, such as batch_size.",
        f"{command()} schema --for {file.name} makes editors complete its keys and values.",
    ]


def _check(content: Mapping[str, Any], file: Path) -> None:
    """Raise ConfigError if the method would not run on the data."""
    from dcrf.dry_run.check_method import check  # noqa: PLC0415 - it imports torch

    try:
        check(load_checked(content, shapes_of=shapes_of))
    except ConfigError as error:
        raise ConfigError(f"the method for {file}", error.problems) from error


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf new",
        description=DESCRIPTION,
    )
    flags.add_argument(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA",
        help="a CSV, npz, npy or Parquet file, or a folder of images or texts",
    )
    add_flags(flags)
    flags.add_argument(
        "--output", type=Path, metavar="FILE", help="default: <data>_<method>.json here"
    )
    return flags
