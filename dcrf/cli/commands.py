"""The command `dcrf`: its first word says what it does."""

import sys
from collections.abc import Sequence
from importlib import import_module

import dcrf
from dcrf.cli.output import open_output
from dcrf.config.rules.suggestions import closest
from dcrf.errors import DcrfError
from dcrf.reporting.writers import say

COMMANDS = {
    "run": ("dcrf.cli.run", "train and evaluate method files, or a method on your own data"),
    "new": ("dcrf.cli.new", "write a method file to start from, for your own data"),
    "recombine": ("dcrf.cli.recombine", "run and compare the combinations of parts in a space"),
    "predict": ("dcrf.cli.predict", "cluster new data with a finished run"),
    "evaluate": ("dcrf.cli.evaluate", "score a finished run again, also on other data"),
    "embed": ("dcrf.cli.embed", "compute features of images by a pretrained network"),
    "reproduce": ("dcrf.cli.reproduce", "run a method as published, and compare its scores"),
    "table": ("dcrf.cli.table", "compare the scores of finished runs, over seeds"),
    "report": ("dcrf.cli.report", "write an HTML page of runs"),
    "export": ("dcrf.cli.export", "write a finished run for other programs"),
    "describe": ("dcrf.cli.describe", "show what a method is"),
    "explain": ("dcrf.cli.explain", "explain a part or a key of method files"),
    "schema": ("dcrf.cli.schema", "print the JSON schema of method files, for editors"),
    "select": ("dcrf.cli.select", "compare finished runs without labels"),
}
"""Command -> the module whose `main` runs it, and what it does.

It returns the exit code, or raises a DcrfError for what a user can mend.
"""
UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    open_output()
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if command in COMMANDS:
        module, _ = COMMANDS[command]
        try:
            return import_module(module).main(rest)
        except DcrfError as error:
            say(str(error), is_error=True)
            return UNUSABLE
    if command in ("--help", "-h", "help"):
        say(_help())
        return 0
    if command == "--version":
        say(f"dcrf {dcrf.__version__}")
        return 0
    guess = closest(command, list(COMMANDS))
    remedy = f"did you mean {guess!r}?" if guess else "dcrf --help lists all commands"
    say(f"dcrf has no command {command!r}; {remedy}", is_error=True)
    return UNUSABLE


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {purpose}" for name, (_, purpose) in COMMANDS.items()]
    usage = [
        "usage: dcrf COMMAND ...",
        "",
        "Deep clustering methods as JSON files.",
        "",
        "commands:",
    ]
    return "\n".join([*usage, *lines, "", "dcrf COMMAND --help lists the flags of a command"])
