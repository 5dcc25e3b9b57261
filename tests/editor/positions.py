"""Ask the language service of Visual Studio Code what it shows at cursor positions.

`positions.json` lists them. In the method of a position, `|` is the cursor: alone it stands for the
key or value to complete, and before a key or value it hovers over that. `expected` are suggestions,
each with a part of its description or of the text that it inserts, or else parts of the hover.
`absent` are not suggested, `ordered` are suggested in that order. `names_of` is a shipped file
whose names are known.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dcrf.config.declared_names import declared_names
from dcrf.schema.generate import EDITOR
from dcrf.schema.name_hints import with_name_hints
from dcrf.schema.package_data import SCHEMA, SHIPPED

FOLDER = Path(__file__).parent
POSITIONS: list[dict[str, Any]] = json.loads((FOLDER / "positions.json").read_text())
MODULES = Path(os.environ.get("DCRF_EDITORS", FOLDER.parents[1] / ".venv/editors")) / "node_modules"
"""Contains the language service; `make editors` installs it there."""


def question(position: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What to ask of the service; the folder gets schemas of names."""
    schema = SCHEMA / EDITOR
    if named := position.get("names_of"):
        hints = with_name_hints(declared_names(SHIPPED / named), schema.as_uri())
        schema = folder / f"{Path(named).stem}.schema.json"
        schema.write_text(json.dumps(hints))
    text = json.dumps(position["method"])
    offset = text.index('"|') + (position["kind"] == "hover")
    text = text.replace('"|": 0', "").replace('"|"', "").replace("|", "")
    return {"schema": schema.as_uri(), "text": text, "offset": offset, "kind": position["kind"]}


def ask(questions: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The answers of the service."""
    done = subprocess.run(
        ["node", FOLDER / "service.js"],
        input=json.dumps(questions), capture_output=True, text=True, check=True,
        env={**os.environ, "NODE_PATH": str(MODULES)},
    )  # fmt: skip
    return json.loads(done.stdout)


def wrong(position: Mapping[str, Any], answer: Any) -> Iterator[str]:
    """Yield every expectation that an answer does not fulfil."""
    if position["kind"] == "hover":
        plain = (answer or "").replace("\\", "")
        yield from (text for text in position["expected"] if text not in plain)
        return
    texts: dict[str, str] = {}
    for s in answer:  # a name and the entry with it have the same label
        texts[s["label"]] = f"{texts.get(s['label'], '')}{s['text']}\n{s['insertText']}\n"
    for label, text in position["expected"].items():
        if label not in texts or text not in texts[label]:
            yield f"{label}: {text}"
    yield from (f"not {label}" for label in position.get("absent", ()) if label in texts)
    ordered = position.get("ordered", [])
    if ordered != [label for label in texts if label in ordered]:
        yield f"in this order: {', '.join(ordered)}"


def number_expected(position: Mapping[str, Any]) -> int:
    lists = ("expected", "absent")
    return sum(len(position.get(key, ())) for key in lists) + ("ordered" in position)
