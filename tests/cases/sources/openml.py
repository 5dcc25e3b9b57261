"""A small table in the cache of scikit-learn, laid out as `fetch_openml` does."""

import gzip
import json
from collections.abc import Mapping, Sequence
from hashlib import md5
from pathlib import Path
from typing import Any

NUMBER = 61
COLUMNS = {"width": "numeric", "height": "numeric", "kind": "nominal"}
ROWS = [f"{n}.5,{2 - n},{'ab'[n % 2]}" for n in range(6)]


def write(folder: Path) -> None:
    """Write a table of 6 rows (2,) of two classes, version 1 of `tiny`."""
    write_table(folder / "cache", COLUMNS, ROWS, marked={"kind": "is_target"})


def write_table(
    root: Path,
    columns: Mapping[str, str],
    rows: Sequence[str],
    marked: Mapping[str, str],
    missing: Mapping[str, int] | None = None,
    **description: Any,
) -> Path:
    """Write the files of a table.

    Args:
        root: the folder of the cache.
        columns: name -> type.
        rows: lines of the ARFF file.
        marked: name of a column -> its mark, such as `is_target`.
        missing: name of a column -> number of missing values.
        description: other entries of the table's description.
    """
    marks = ("is_target", "is_ignore", "is_row_identifier")
    features = [
        {
            "index": str(index),
            "name": name,
            "data_type": kind,
            **{mark: str(marked.get(name) == mark).lower() for mark in marks},
            "number_of_missing_values": str((missing or {}).get(name, 0)),
        }
        for index, (name, kind) in enumerate(columns.items())
    ]
    attributes = [
        f"@ATTRIBUTE '{name}' {'REAL' if kind == 'numeric' else '{a,b}'}"
        for name, kind in columns.items()
    ]
    lines = ["% a comment", "@RELATION tiny", *attributes, "@DATA", *rows]
    place = f"data/v1/download/{NUMBER}/tiny.arff"
    described = {
        "id": str(NUMBER),
        "name": "tiny",
        "version": "1",
        "description": "A table.",
        "format": "ARFF",
        "status": "active",
        "url": f"https://www.openml.org/{place}",
        "file_id": str(NUMBER),
        "md5_checksum": md5("\n".join(lines).encode()).hexdigest(),
        **description,
    }
    api = "api/v1/json/data"
    qualities = [{"name": "NumberOfInstances", "value": f"{len(rows)}.0"}]
    files = {
        f"{api}/list/data_name/tiny/limit/2/data_version/1": {
            "data": {"dataset": [described | {"did": NUMBER}]}
        },
        f"{api}/{NUMBER}": {"data_set_description": described},
        f"{api}/features/{NUMBER}": {"data_features": {"feature": features}},
        f"{api}/qualities/{NUMBER}": {"data_qualities": {"quality": qualities}},
    }
    contents = {name: json.dumps(value) for name, value in files.items()}
    for name, text in {**contents, place: "\n".join(lines)}.items():
        file = root / "openml" / "openml.org" / f"{name}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text.encode()))
    return root
