"""Write the reference of every part, key and command as pages of the site, in `docs/reference`.

The text is that of schemas, docstrings and parsers, as `dcrf explain` and `--help` print it.
"""

import inspect
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from dcrf.cli.commands import COMMANDS
from dcrf.config.shipped_uses import shipped_uses
from dcrf.schema.explain import (
    OF_MODULES,
    SECTIONS,
    Explanation,
    Key,
    every_key,
    explanations,
    kinds,
)
from dcrf.schema.registry import KINDS, SCHEMA, ModuleRegistry, Registry
from dcrf.storage.write_json import readable

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "cases"
_SECTION = re.compile(r"^(\w[\w ]*):\n((?: {4}.*\n|\n)+)", re.MULTILINE)
_ON_A_PAGE = 20
"""Parts of a kind beyond which each one has a page."""
_LISTED = 6
"""Parts of a kind that a key names one by one."""
_NAMED = {
    "layers": "Layers",
    "initializers": "Initializers",
    "functions": "Functions after the layers of a mapping",
    "optimizers": "Optimizers",
    "schedulers": "Learning rate schedulers",
    "transforms": "Transforms",
    "datasets": "Data sets",
}
"""Stem of a table of allowed names -> its heading."""


def write_pages(folder: Path) -> None:
    """Write every page that has changed, so that Sphinx reads no other again."""
    texts = {folder / f"{name}.md": text for name, text in pages().items()}
    for page, text in texts.items():
        page.parent.mkdir(parents=True, exist_ok=True)
        if not page.exists() or page.read_text() != text:
            page.write_text(text)
    for page in {*folder.rglob("*.md")} - texts.keys():
        page.unlink()


def pages() -> dict[str, str]:
    """Return name of a page -> its text in Markdown."""
    texts: dict[str, str] = {}
    for kind in kinds():
        texts |= _pages_of_kind(kind)
    return texts | {
        "kinds": _lines(_index()),
        "shipped_methods": _lines(_shipped_methods()),
        "benchmarks": _measured("RESULTS"),
        "time_to_quality": _measured("TIME_TO_QUALITY"),
        "method_file": _lines(_method_file()),
        "keys": _lines(_all_keys()),
        "torch": _lines(_torch()),
        "python": _PYTHON,
        "command_line": _lines(_command_line()),
    }


def _measured(stem: str) -> str:
    """Return a page that a benchmark has written."""
    return f"---\norphan: true\n---\n{(ROOT / f'benchmarks/{stem}.md').read_text()}"


def page_of(kind: str) -> str:
    """Return the name of the page of a kind of parts."""
    return plural(kind).replace(" ", "_")


def plural(kind: str) -> str:
    """Return a kind in the plural."""
    first, of, rest = kind.partition(" of ")
    ending = f"{first[:-1]}ies" if first.endswith("gy") else f"{first}s"
    return f"{ending}{of}{rest}"


def registry_of(kind: str) -> Registry | ModuleRegistry:
    """Return the registry of a kind in words."""
    return OF_MODULES.get(kind) or KINDS[kind.replace(" ", "_")]


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def link_to_part(kind: str, name: str) -> str:
    """Return the link to the section of a part, from the folder of the reference."""
    if _has_pages(kind):
        return f"{page_of(kind)}/{name}.md"
    return f"{page_of(kind)}.md#{_anchor(name)}"


def links_of_schemas() -> dict[str, str]:
    """Return file in `schema/` -> the page of the reference about it."""
    links = {
        f"{section}.json": f"method_file.md#{_anchor(_words(section))}" for section in SECTIONS
    }
    for kind, names in kinds().items():
        registry = registry_of(kind)
        if isinstance(registry, Registry):
            files = (f"{registry.folder.name}/{stem}.json" for stem in registry.schemas)
            links |= zip(files, (link_to_part(kind, name) for name in names), strict=True)
    return links | {"names": "torch.md"}


def _has_pages(kind: str) -> bool:
    """Whether each part of a kind has a page, since one of all would be long."""
    return len(kinds()[kind]) > _ON_A_PAGE


def _index() -> Iterator[str]:
    """Yield the page of all kinds, with the page of each below it."""
    yield "# Every part\n"
    yield "A section for each part: effect, formula, source, keys and an example. On the command"
    yield "line, `dcrf explain NAME` prints the same.\n"
    yield "| kind | parts |"
    yield "|---|---|"
    for kind, names in kinds().items():
        links = ", ".join(f"[`{name}`]({link_to_part(kind, name)})" for name in names)
        yield f"| [{_title(kind)}]({page_of(kind)}.md) | {links} |"
    yield from _toctree(map(page_of, kinds()))


def _toctree(names: Iterable[str]) -> Iterator[str]:
    yield "\n```{toctree}\n:hidden:\n"
    yield from names
    yield "```"


def _pages_of_kind(kind: str) -> dict[str, str]:
    """Return the page of a kind, with its parts or with a link to the page of each."""
    names = kinds()[kind]
    parts = {name: next(e for e in explanations(name) if e.kind == kind) for name in names}
    shared = _shared_keys([*parts.values()])
    page, lines = page_of(kind), [*_introduction(kind, shared)]
    if not _has_pages(kind):
        for name, part in parts.items():
            lines += ["", f"## {name}", "", *_part(kind, name, part, shared, "../..")]
        return {page: _lines(lines)}
    lines += ["", f"## All {plural(kind)}", "", "| name | effect |", "|---|---|"]
    lines += [
        f"| [`{name}`]({page}/{name}.md) | {_linked(part.description)} |"
        for name, part in parts.items()
    ]
    lines += _toctree(f"{page}/{name}" for name in names)
    return {page: _lines(lines)} | {
        f"{page}/{name}": _lines(
            [f"# {name}", "", *_part(kind, name, part, shared, "../../..", f"../{page}.md")]
        )
        for name, part in parts.items()
    }


def _introduction(kind: str, shared: Sequence[Key]) -> Iterator[str]:
    """Yield the head of the page of a kind, and the keys that most of its parts have."""
    registry = registry_of(kind)
    key = registry.key if isinstance(registry, Registry) else "type"
    yield f"# {_title(kind)}\n"
    yield f"An entry names its {kind} by the key `{key}`. [Parts](../parts.md) compares all"
    yield f"{plural(kind)} in one table.\n"
    if shared:
        yield f"## Keys of most {plural(kind)}\n"
        yield "Each part lists those that it has.\n"
        yield from map(_key, shared)
        nested = _keys_of_owners()
        owners = {name: f"{n}.{name}" for n in kinds()[kind] for name in _names_of(shared)}
        yield from _nested({o: nested[o] for o in owners.values() if o in nested}, "###")


def _names_of(keys: Iterable[Key]) -> list[str]:
    return [key.name for key in keys]


def _shared_keys(parts: Sequence[Explanation]) -> list[Key]:
    """Return the keys that more than half of the parts have with one meaning."""
    counts = Counter(key for part in parts for key in part.keys)
    return [key for key, count in counts.items() if count > max(len(parts) / 2, 2)]


def _part(
    kind: str, name: str, part: Explanation, shared: Sequence[Key], root: str, page: str = ""
) -> Iterator[str]:
    """Yield the section of a part.

    Args:
        kind: of the part, in words.
        name: of the part, the shortest one.
        part: its explanation.
        shared: the keys that the page of the kind describes.
        root: the way from the page to the root of the checkout.
        page: the page of the kind, if that is another one.
    """
    registry = registry_of(kind)
    component = registry.resolve(name)
    if others := [other for other in part.names if other != name]:
        yield f"*Also written {', '.join(f'`{other}`' for other in others)}.*\n"
    yield f"{_linked(_sentence(part.description))}\n"
    yield from _definition(inspect.getdoc(component) or "", part.formula)
    yield from (f"{_linked(_sentence(note))}\n" for note in part.notes)
    if part.source:
        yield f"**Source**: {_linked(part.source)}\n"
    if own := [key for key in part.keys if key not in shared]:
        yield "**Keys**\n"
        yield from map(_key, sorted(own, key=lambda key: not key.need))
        owners = [f"{name}.{key.name}" for key in own]
        nested = {o: k for o, k in _keys_of_owners().items() if o in owners}
        yield from _nested(nested, "##" if page else "###")
    if also := [f"`{key.name}`" for key in part.keys if key in shared]:
        heading = _anchor(f"keys of most {plural(kind)}")
        beside = "Keys that most others have, too" if own else "**Keys** that most others have, too"
        yield f"[{beside}]({page}#{heading}): {', '.join(also)}.\n"
    yield from _example(registry, name, root)
    module = component.__module__.replace(".", "/")
    yield f"Code: [`{module}.py`]({root}/{module}.py)\n"


def _definition(docstring: str, formula: Sequence[str]) -> Iterator[str]:
    """Yield the docstring of a class without arguments, errors and source."""
    text = re.sub(r"^Source: .*?(\n\n|\Z)", "", docstring + "\n", flags=re.MULTILINE | re.DOTALL)
    sections = {match[1]: inspect.cleandoc(match[2]) for match in _SECTION.finditer(text)}
    prose = _SECTION.sub("", text).strip()
    yield f"{_linked(prose)}\n"
    if formula:
        yield from ("**Formula**\n", "```text", *formula, "```\n")
    for title in ("Losses", "Shapes"):
        if body := sections.get(title):
            yield f"**{title}**\n"
            yield from _entries(body)


def _entries(body: str) -> Iterator[str]:
    """Yield a section of a docstring, its `name: text` as items of a list."""
    for block in re.split(r"\n(?! )", body):
        name, colon, text = block.partition(": ")
        joined = " ".join(text.split())
        if colon and re.fullmatch(r"[\w, ]+", name):
            names = ", ".join(f"`{word}`" for word in name.split(", "))
            yield f"- {names}: {_linked(joined)}"
        else:
            yield _linked(" ".join(block.split()))
    yield ""


def _key(key: Key) -> str:
    """Return a key with its facts, as an entry of a definition list."""
    facts = [_escaped(key.values), key.need]
    if key.default is not None:
        facts.append(f"default `{key.default}`")
    text = _linked(_sentence(key.description)) or "No description."
    return f"**`{key.name}`** {', '.join(filter(None, facts))}\n: {text}\n"


def _example(registry: Registry | ModuleRegistry, name: str, root: str) -> Iterator[str]:
    """Yield the shortest entry of a shipped method, or the one of the contract tests."""
    if isinstance(registry, Registry):
        stem = registry.stems[name]
        if uses := shipped_uses(registry, stem):
            file = next((ROOT / "configurations").rglob(f"{uses[0].method}.json"))
            link = f"[{uses[0].method}]({root}/{file.relative_to(ROOT)})"
            yield f"**Example**, from {link}:\n"
            yield from ("```json", readable(uses[0].entry), "```\n")
            return
        folder, entry = registry.folder.name, stem
    else:
        folder, entry = registry.folder.name, name
        folder = {"own": "transforms"}.get(folder, folder)
    case = json.loads((CASES / folder / f"{entry}.json").read_text())
    if values := _entry_of_case(case, name):
        yield "**Example**:\n"
        yield from ("```json", readable(values), "```\n")


def _entry_of_case(case: Any, name: str) -> Any:
    """Return the entry in a case of the contract tests, None if the case has other content."""
    if isinstance(case, dict) and "layers" in case:
        return next((layer for layer in case["layers"] if layer["type"] == name), None)
    return case if isinstance(case, dict) and name in case.values() else None


def _keys_of_owners() -> dict[str, list[Key]]:
    """Return owner -> its keys, for all objects of a file and all parts."""
    keys: dict[str, list[Key]] = {}
    for owner, _, key in every_key():
        keys.setdefault(owner, []).append(key)
    return keys


def _method_file() -> Iterator[str]:
    """Yield the page of the objects of a method file, each with the objects in it."""
    yield "# The method file\n"
    yield "A method file is one JSON object, the method. Every key of it and of the objects in it"
    yield "stands here; those of parts are in [every part](kinds.md).\n"
    parts = {name for names in kinds().values() for name in names}
    nested: dict[str, dict[str, list[Key]]] = {}
    for owner, keys in _keys_of_owners().items():
        if owner.replace(" ", "_") in SECTIONS:
            nested[owner] = {}
        elif owner.partition(".")[0] not in parts:
            nested[[*nested][-1]][owner] = keys
    for title, inner in nested.items():
        section = title.replace(" ", "_")
        (part,) = (e for e in explanations(section) if e.kind == "object of a method file")
        yield f"## {title.capitalize()}\n"
        yield f"{_linked(_sentence(part.description))}\n"
        yield from map(_key, sorted(part.keys, key=lambda key: not key.need))
        yield from _nested(inner, "###")


def _nested(objects: Mapping[str, Sequence[Key]], level: str) -> Iterator[str]:
    """Yield the keys of objects; those with the same keys stand together, under the first one."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for owner, keys in objects.items():
        alike.setdefault(tuple(_names_of(keys)), []).append(owner)
    for first, *others in alike.values():
        yield f"{level} {_escaped(first)}\n"
        yield from map(_key, sorted(objects[first], key=lambda key: not key.need))
        if others:
            yield f"The same keys have {', '.join(f'`{other}`' for other in others)}.\n"


def _all_keys() -> Iterator[str]:
    """Yield the page with every key, and the entries that have it."""
    owners: dict[str, list[str]] = {}
    for owner, name, _ in every_key():
        owners.setdefault(name, []).append(owner)
    kind_of = {name: kind for kind, names in kinds().items() for name in names}
    yield "# All keys\n"
    yield "Every key that a method file may have, with the entries that have it.\n"
    yield "| key | in |"
    yield "|---|---|"
    for key in sorted(owners, key=str.casefold):
        of_kind: dict[str, list[str]] = {}
        for owner in dict.fromkeys(owners[key]):
            part = owner.partition(".")[0]
            of_kind.setdefault(kind_of.get(part, ""), []).append(part)
        cells = []
        for kind, parts in of_kind.items():
            if not kind:
                cells += [f"[{part}](method_file.md#{_anchor(part)})" for part in parts]
            elif len(parts) > _LISTED:
                cells.append(f"{len(parts)} [{plural(kind)}]({page_of(kind)}.md)")
            else:
                cells += [
                    f"[`{part}`]({link_to_part(kind, part)})" for part in dict.fromkeys(parts)
                ]
        yield f"| `{key}` | {', '.join(dict.fromkeys(cells))} |"


def _shipped_methods() -> Iterator[str]:
    """Yield the page with the description of every shipped method."""
    yield "# Shipped methods\n"
    yield "[Methods](../methods.md) has their scores and building blocks. MNIST and Fashion-MNIST"
    yield "are downloaded into `datasets/` on first use.\n"
    for file in sorted((ROOT / "configurations").rglob("*.json")):
        method = json.loads(file.read_text())
        if not method.get("abstract"):
            yield f"[`{method['name']}`](../../{file.relative_to(ROOT)})"
            yield f": {_linked(method['description'])}\n"


def _torch() -> Iterator[str]:
    """Yield the page of the names of torch and torchvision that files may have."""
    yield "# Names of torch\n"
    yield "Files name layers, optimizers, transforms and data sets of torch and torchvision by the"
    yield "names of their classes, and pass arguments by theirs. Only these names are allowed;"
    yield "`dcrf explain NAME` lists the arguments of each.\n"
    for place, title in _NAMED.items():
        table = json.loads((SCHEMA / "names" / f"{place}.json").read_text())
        own = {name for registry in OF_MODULES.values() for name in registry.stems}
        yield f"## {title}\n"
        yield ", ".join(f"`{name}`" for name in table["names"] if name not in own) + "\n"
        if refused := table["refused"]:
            yield "Refused:\n"
            reasons: dict[str, list[str]] = {}
            for name, reason in refused.items():
                reasons.setdefault(reason, []).append(f"`{name}`")
            yield from (f"- {', '.join(names)}: {_escaped(r)}" for r, names in reasons.items())
            yield ""


def _command_line() -> Iterator[str]:
    """Yield the page of the help of every command."""
    yield "# Command line\n"
    yield "`dcrf COMMAND` after `pip install .`, or `python -m dcrf COMMAND` in a checkout."
    yield "[Running methods](../running.md) explains the flags of `dcrf run` by subject.\n"
    for command, (module, purpose) in COMMANDS.items():
        yield f"## dcrf {command}\n"
        yield f"{_sentence(purpose)}\n"
        yield from ("```text", import_module(module).parser().format_help().rstrip(), "```\n")


_PYTHON = """\
# Python

The public names of the package. [From Python](../python.md) has examples.

```{eval-rst}
.. autofunction:: dcrf.run

.. autoclass:: dcrf.Result
   :members: assign, features
   :no-undoc-members:

.. autoclass:: dcrf.DeepClustering
   :members: fit, fit_predict, predict, predict_proba, transform

.. autofunction:: dcrf.load_checked
```

## Errors

```{eval-rst}
.. autoexception:: dcrf.DcrfError

.. autoexception:: dcrf.ConfigError

.. autoexception:: dcrf.DataError

.. autoexception:: dcrf.TrainingError

.. autoclass:: dcrf.errors.Problem
```

## Base classes of parts

A part of a kind is a subclass of its base class. [Extending](../extending.md) shows one of each.

```{eval-rst}
.. autoclass:: dcrf.design_patterns.base.DesignPattern
   :members: before_iteration, companions, forward, after_step, after_epoch

.. autoclass:: dcrf.batch.Batch

.. autoclass:: dcrf.assignment.base.Assignment
   :members: assign, features, cluster_centers, owned

.. autoclass:: dcrf.assignment.lifecycle.Lifecycle
   :members:

.. autoclass:: dcrf.clusterings.base.Clustering
   :members: fit_rows, unfitted, check_number, check_size

.. autoclass:: dcrf.clusterings.base.Fitted
   :members: n_clusters_found, log_assignments

.. autoclass:: dcrf.schedules.base.Schedule
   :members:

.. autoclass:: dcrf.evaluation.metrics.base.LabelMetric
   :members: score

.. autoclass:: dcrf.evaluation.metrics.base.FeatureMetric
   :members: score
```
"""


def _words(section: str) -> str:
    return section.replace("_", " ")


def _title(kind: str) -> str:
    return plural(kind).capitalize()


def _anchor(text: str) -> str:
    """Return the anchor of a heading, as GitHub writes it."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _sentence(text: str) -> str:
    """Return a text with a capital and a full stop."""
    text = f"{text[:1].upper()}{text[1:]}"
    return text if not text or text.endswith((".", ":", "!", "?")) else f"{text}."


def _linked(text: str) -> str:
    """Return prose with its addresses as links, and no other Markdown but code."""
    parts = re.split(r"(`[^`]*`|https?://[^\s)]*[^\s).,;])", text)
    return "".join(
        part if part.startswith("`") else f"<{part}>" if part.startswith("http") else _escaped(part)
        for part in parts
    )


def _escaped(text: str) -> str:
    """Return text without the characters that mean something in Markdown."""
    return re.sub(r"([\\*_<>\[\]|$#~^])", r"\\\1", text)
