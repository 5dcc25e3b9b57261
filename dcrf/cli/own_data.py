"""Flags that make a method file for one's own data, shared by `dcrf new` and `dcrf run`."""

import argparse
from pathlib import Path
from typing import Any

from dcrf.cli.number_of_clusters import choose, number_or_range
from dcrf.config.data_flags import add_data_flags, as_flag, data_flags, given_options
from dcrf.config.rules.suggestions import hint
from dcrf.errors import CommandLineError, OptionError, Remedy
from dcrf.reporting.writers import say


def add_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the flags: those of every method, and those that the sources name."""
    add = flags.add_argument
    add(
        "--clusters",
        type=number_or_range,
        metavar="K",
        help="the number of clusters; auto, or a range such as 2-12, chooses it without labels",
    )
    add(
        "--method",
        metavar="NAME_OR_FILE",
        help="a shipped method, such as dec, or a method file; default: one for the kind of data",
    )
    add_data_flags(flags)


def given_flags(options: argparse.Namespace) -> list[str]:
    """Return the flags for one's own data that are given."""
    flags = [f"--{name}" for name in ("clusters", "method") if vars(options)[name] is not None]
    known = data_flags()
    return flags + [f"--{known[key]['x-flag']['name']}" for key in given_options(options)]


def content_for(data: Path, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the content of a method file for data, and say what was chosen for them.

    Args:
        data: a file, or a folder of images.
        options: the parsed flags.
        folder: gets the evidence if the number of clusters is chosen.

    Raises:
        CommandLineError: the number of clusters is missing, the data have no clusters, or an option
            does not fit the data; the message names flags.
        DataError, ConfigError: the data or the method cannot be used.
    """
    from dcrf.runs.new_method import new_method  # noqa: PLC0415 - it imports torch

    given = given_options(options)
    try:
        made = choose(
            options.clusters, lambda k: new_method(data, k, options.method, given), data, folder
        )
    except OptionError as error:
        remedy = hint(error.value, error.known)
        if not remedy and not error.remedies and error.key in data_flags().keys() - given.keys():
            remedy = f"; {as_flag(Remedy(error.key, None, ''))} says which to take"
        raise CommandLineError(f"{error.told(as_flag)}{remedy}") from error
    for sentence in made.sentences:
        say(sentence)
    return made.content
