"""Write the generated tables and pages: `make schema`, or `--check` to compare."""

import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.methods.files import method_files  # noqa: E402 - a script beside the package
from benchmarks.methods.page import pages  # noqa: E402
from benchmarks.methods.records import RESULTS, Records  # noqa: E402
from benchmarks.reproduction.page import reproduction_pages  # noqa: E402
from benchmarks.reproduction.results import Results  # noqa: E402
from dcrf.reproduction.entries import read_reproductions  # noqa: E402
from dcrf.reproduction.figures import read_published  # noqa: E402
from dcrf.schema.registry import BLOCKS, KINDS, LAYERS, SCHEMA, TRANSFORMS  # noqa: E402

CONFIGURATIONS = ROOT / "configurations"
FOLDERS = {kind.replace("_", " "): registry.folder for kind, registry in KINDS.items()}
"""Kind of part -> the folder with a schema for each."""
_EXAMPLES = 4


def documents() -> dict[Path, str]:
    """Return path -> text of every page that is generated, or has a generated table."""
    texts = {}
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        texts[path] = path.read_text()
        for name, lines in tables().items():
            texts[path] = _filled(texts[path], name, "\n".join(lines))
    methods = method_files([CONFIGURATIONS])
    texts |= pages(methods, Records(RESULTS), read_published())
    return texts | reproduction_pages(read_reproductions(), Results())


def tables() -> dict[str, list[str]]:
    """Return name -> lines of every table."""
    return {
        "summary": _summary(),
        **{f"{kind} table".replace(" ", "_"): _parts(folder) for kind, folder in FOLDERS.items()},
        "layer_table": _argument_table("layers", LAYERS.stems),
        "block_table": _argument_table("layers", BLOCKS.stems),
        "transform_table": _argument_table("transforms", TRANSFORMS.stems),
    }


def _summary() -> list[str]:
    """Return a row for each kind of part, and one for the methods without their data sets."""
    names = {kind: [*_short_names(folder).values()] for kind, folder in FOLDERS.items()}
    names["layer"] = [*LAYERS.stems]
    names["block of layers"] = [*BLOCKS.stems]
    names["transform"] = [*TRANSFORMS.stems]
    names["method"] = sorted({file.parent.name for file, _ in _methods()})
    rows = [
        f"| {kind} | {len(words)} | {', '.join(f'`{word}`' for word in _some_of(words))} |"
        for kind, words in names.items()
    ]
    return ["| kind of part | number | for example |", "|---|--:|---|", *rows]


def _some_of(names: list[str]) -> list[str]:
    """Return at most four names, from the whole alphabet."""
    return names[:: math.ceil(len(names) / _EXAMPLES)]


def main(arguments: list[str]) -> int:
    """Write the pages; with `--check` only name those that are stale, and return 1 if any is."""
    stale = {page: text for page, text in documents().items() if _read(page) != text}
    for page, text in stale.items():
        if "--check" in arguments:
            sys.stderr.write(f"{page} is not current; run make schema\n")
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
    return 1 if stale and "--check" in arguments else 0


def _read(page: Path) -> str | None:
    return page.read_text() if page.exists() else None


def _filled(text: str, name: str, table: str) -> str:
    """Return a page with the table between its two markers replaced."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    return re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{table}\n{end}", text, flags=re.DOTALL)


def _schemas(folder: Path) -> Mapping[str, dict[str, Any]]:
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def _short_names(folder: Path) -> Mapping[str, str]:
    """Return stem -> the shortest name in a file: the stem, or another one if that is no name."""
    (registry,) = (registry for registry in KINDS.values() if registry.folder == folder)
    names: dict[str, str] = {}
    for name, stem in registry.stems.items():
        names[stem] = min(name, names.get(stem, name), key=len)
    return names


def _parts(folder: Path) -> list[str]:
    names = _short_names(folder)
    rows = [
        f"| [`{names[stem]}`](../schema/{folder.name}/{stem}.json) "
        f"| {_linked(schema['description'])} |"
        for stem, schema in _schemas(folder).items()
    ]
    return ["| name | effect and source |", "|---|---|", *rows]


def _argument_table(place: str, stems: Iterable[str]) -> list[str]:
    table = json.loads((SCHEMA / "names" / f"{place}.json").read_text())["names"]
    rows = [
        f"| `{stem}` | {_arguments(table[stem])} | {_linked(table[stem]['description'])} |"
        for stem in stems
    ]
    return ["| name | arguments | effect and source |", "|---|---|---|", *rows]


def _arguments(signature: Mapping[str, Any]) -> str:
    """Return the arguments of a part; those in brackets have defaults."""
    required = [f"`{name}`" for name in signature.get("required", ())]
    return ", ".join([*required, *(f"[`{name}`]" for name in signature.get("optional", ()))])


def _methods() -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(CONFIGURATIONS.rglob("*.json")):
        method = json.loads(file.read_text())
        if not method.get("abstract"):
            yield file, method


def _linked(text: str) -> str:
    """Return text with its bare addresses as links in Markdown."""
    return re.sub(r"https?://[^\s)]*[^\s).,;]", lambda m: f"[{m[0].split('//')[1]}]({m[0]})", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
