"""The command `dcrf schema`: print or write the JSON schema of method files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.cli.arguments import Parser
from dcrf.cli.find_files import SCHEMA_ENDING
from dcrf.config.declared_names import declared_names
from dcrf.reporting.writers import say, say_json
from dcrf.schema.bundle import bundled
from dcrf.schema.name_hints import with_name_hints
from dcrf.storage.atomic_files import write_atomically

OK, UNUSABLE = 0, 2
FILE = f"dcrf{SCHEMA_ENDING}"
DESCRIPTION = """\
Print the JSON schema of method files, with which an editor suggests keys and values, shows what
they mean and marks mistakes. It needs no other file.
"""
EPILOG = f"""\
An editor finds the schema by a key of the method file: "$schema": "./{FILE}"
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    if options.output is None and options.method is None:
        say_json(bundled())
        return OK
    file = (options.output or options.method.parent) / FILE
    schemas = {file: bundled()}
    if options.method is not None:
        file = file.with_name(f"{options.method.stem}{SCHEMA_ENDING}")
        schemas[file] = with_name_hints(declared_names(options.method), f"./{FILE}")
    try:
        for path, schema in schemas.items():
            _write(path, schema)
    except OSError as error:
        say(f"the schema cannot be written: {error}", is_error=True)
        return UNUSABLE
    say(f'written to {file}; a method file beside it names it by "$schema": "./{file.name}"')
    return OK


def _write(file: Path, schema: Mapping[str, Any]) -> None:
    text = json.dumps(schema, separators=(",", ":"))
    write_atomically(file, f"{text}\n".encode())


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
    flags.add_argument(
        "--for",
        dest="method",
        type=Path,
        metavar="FILE",
        help=f"also write <file>{SCHEMA_ENDING}, which suggests the names of mappings, layers, "
        "phases, optimizers and views in that method file; beside it unless --output is given",
    )
    return flags
