"""Flags of the command line for options of data sources, as the schemas of these name them."""

import argparse
import shlex
from collections.abc import Mapping
from typing import Any

from dcrf.errors import Remedy
from dcrf.schema.registry import SOURCES

_BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}


def data_flags() -> dict[str, dict[str, Any]]:
    """Return option of a source -> its schema, for all options with a flag (`x-flag`).

    Options of several sources with one flag have one key; the schema is that of the first source.
    """
    flags: dict[str, dict[str, Any]] = {}
    for stem, schema in SOURCES.schemas.items():
        if "x-file-endings" in schema or "x-folder-endings" in schema:
            for key, words in SOURCES.properties(stem).items():
                if "x-flag" in words:
                    flags.setdefault(key, words)
    return flags


def add_data_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add a flag for each option that has one."""
    for key, words in data_flags().items():
        flag = words["x-flag"]
        flags.add_argument(
            f"--{flag['name']}",
            dest=key,
            type=_Value(words),
            metavar=_metavar(words),
            help=flag["help"],
        )


def _metavar(words: Mapping[str, Any]) -> str:
    """Return what stands for the value of a flag in its help."""
    return words["x-flag"].get("metavar") or f"{{{','.join(words['enum'])}}}"


def given_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return option of a source -> its value, for all flags that are given."""
    values = vars(options)
    return {key: values[key] for key in data_flags() if values[key] is not None}


def as_flag(remedy: Remedy) -> str:
    """Return a setting that mends an error as words of the command line."""
    words = data_flags().get(remedy.key)
    if words is None:
        return f"{remedy.key} in the method file"
    flag, value = words["x-flag"], remedy.value
    if value is None:
        return f"--{flag['name']} {_metavar(words)}"
    if isinstance(value, bool):
        text = str(value).lower()
    else:
        text = value if isinstance(value, str) else ",".join(value)
    return f"--{flag['name']} {shlex.quote(text)}"


class _Value:
    """Reads the value of a flag by the schema of its option."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words

    def __call__(self, text: str) -> Any:
        """Return the value.

        Raises:
            ArgumentTypeError: the schema has other values.
        """
        if self._words["type"] == "array":
            names = [name for name in text.split(",") if name]
            if not names or len({*names}) < len(names):
                raise argparse.ArgumentTypeError(
                    f"expected different names separated by commas, got {text!r}"
                )
            return names
        known: Mapping[str, Any] = {value: value for value in self._words.get("enum", [])}
        if self._words["type"] == "boolean":
            known = _BOOLEANS
        text = text.replace("\\t", "\t")
        if known and text not in known:
            choices = ", ".join(map(repr, known))
            raise argparse.ArgumentTypeError(f"expected one of {choices}, got {text!r}")
        if not text:
            raise argparse.ArgumentTypeError("expected a name, got an empty text")
        return known.get(text, text)
