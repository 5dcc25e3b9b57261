"""The command `dcrf schema`: print or write the JSON schema of method files."""

import json
from collections.abc import Sequence
from pathlib import Path

from dcrf.cli.arguments import Parser
from dcrf.reporting.writers import say, say_json
from dcrf.schema.bundle import bundled
from dcrf.storage.atomic_files import write_atomically

OK, UNUSABLE = 0, 2
FILE = "dcrf.schema.json"
DESCRIPTION = """\
Print the JSON schema of method files, with which an editor suggests keys, shows what they mean and
marks mistakes. It needs no other file.
"""
EPILOG = f"""\
An editor finds the schema by a key of the method file: "$schema": "./{FILE}"
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    folder: Path | None = parser().parse_args(arguments).output
    if folder is None:
        say_json(bundled())
        return OK
    file = folder / FILE
    try:
        write_atomically(file, f"{json.dumps(bundled())}\n".encode())
    except OSError as error:
        say(f"the schema cannot be written: {error}", is_error=True)
        return UNUSABLE
    say(f'written to {file}; a method file beside it names it by "$schema": "./{FILE}"')
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf schema",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    flags.add_argument(
        "--output", type=Path, metavar="FOLDER", help=f"write {FILE} there instead of printing it"
    )
    return flags
