"""Flags that make a method file for one's own data, shared by `dcrf new` and `dcrf run`."""

import argparse
from pathlib import Path
from typing import Any

from dcrf.cli.number_of_clusters import choose, number_or_range
from dcrf.errors import DataError

OPTIONS = {"label": "label_column", "id": "id_column", "missing": "missing_values"}
"""Flag -> the option of a source that reads tables."""

_COLUMNS_HINT = "here: --id COLUMN for names of rows, --label COLUMN for classes"


def add_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the flags."""
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
        help="a shipped method, such as dec, or a method file; default: idec",
    )
    add("--label", metavar="COLUMN", help="the column of known classes, for scores only")
    add("--id", metavar="COLUMN", help="the column with the names of rows")
    add(
        "--missing",
        choices=["mean", "median", "drop_rows"],
        help="what replaces missing values of a table, default: they are refused",
    )


def content_for(data: Path, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the content of a method file for data.

    Args:
        data: a file, or a folder of images.
        options: the parsed flags.
        folder: gets the evidence if the number of clusters is chosen.

    Raises:
        CommandLineError: the number of clusters is missing, or the data have no clusters.
        DataError, ConfigError: the data or the method cannot be used.
    """
    from dcrf.runs.new_method import new_method  # noqa: PLC0415 - it imports torch

    given = {key: vars(options)[flag] for flag, key in OPTIONS.items()}
    chosen = {key: value for key, value in given.items() if value is not None}
    try:
        return choose(
            options.clusters, lambda k: new_method(data, k, options.method, chosen), data, folder
        )
    except DataError as error:
        if " is not a number" not in str(error):
            raise
        raise DataError(f"{error}\n    {_COLUMNS_HINT}") from error
