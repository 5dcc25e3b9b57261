"""The settings in which runs differ."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from dcrf.report.html import paragraph, section, table
from dcrf.report.saved_files import SavedFiles, configuration_of
from dcrf.runs.saved_scores import NO_SETTINGS

_ROWS = 100
_CHARACTERS = 80  # of a value
_EARLIER_RUNS = 20
_ABSENT = "-"


def settings_section(configs: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Return the settings in which configurations differ, a column for each.

    Args:
        configs: name of a column -> configuration.
    """
    rows = list(differing([*configs.values()]))
    if not rows:
        words = "All runs have the same settings, apart from seed and device."
        return section("Settings that differ", paragraph(words))
    differences = table(
        ["setting", *configs], rows[:_ROWS], n_texts=len(configs) + 1, kind="settings"
    )
    more = f"{len(rows) - _ROWS} more settings differ." if len(rows) > _ROWS else ""
    return section("Settings that differ", differences, paragraph(more, "soft") if more else "")


def settings_since_earlier_run(run: SavedFiles) -> Markup:
    """Return what differs from the newest earlier run beside a run that has other settings.

    Nothing if the last runs have the same settings.
    """
    earlier = sorted(f for f in run.folder.parent.iterdir() if f.name < run.folder.name)
    for folder in reversed(earlier[-_EARLIER_RUNS:]):
        config = configuration_of(folder)
        if config and any(differing([config, run.config])):
            return settings_section({folder.name: config, "this run": run.config})
    return Markup("")


def differing(configs: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Yield a row for each setting whose values differ: its path, and all values, `-` without one.

    Entries of lists are called by their names. A setting that some configurations lack is one row.
    Keys that change no result are left out.
    """
    for key in dict.fromkeys(key for config in configs for key in config):
        if key not in NO_SETTINGS:
            yield from _differing(key, [config.get(key, _ABSENT) for config in configs])


def _differing(path: str, values: Sequence[Any]) -> Iterator[list[str]]:
    if all(value == values[0] for value in values):
        return
    entries = [value if isinstance(value, dict) else _by_name(value) for value in values]
    if not all(entries):
        yield [path, *map(_short, values)]
        return
    is_list = isinstance(values[0], list)
    for name in dict.fromkeys(name for own in entries for name in own):
        inner = f"{path}[{name}]" if is_list else f"{path}.{name}"
        yield from _differing(inner, [own.get(name, _ABSENT) for own in entries])


def _by_name(value: Any) -> dict[str, Any]:
    """Return the entries of a list by their names; nothing if it is anything else."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return {}
    entries = {entry.get("name"): entry for entry in value}
    return entries if len(entries) == len(value) and None not in entries else {}


def _short(value: Any) -> str:
    text = _ABSENT if value == _ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]} ..."
