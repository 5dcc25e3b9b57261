"""Random data sets: small samples of many shapes, and entries of method files for them."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np

Entry = dict[str, Any]


def write_data(folder: Path) -> None:
    """Write the files of all data sets."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(31, 6)).astype(np.float32)
    labels = random.integers(3, size=31)
    np.savez(folder / "vectors.npz", samples=vectors, labels=labels)
    np.savez(folder / "gray.npz", samples=random.integers(256, size=(24, 8, 7), dtype=np.uint8))
    colors = random.integers(256, size=(20, 9, 9, 3), dtype=np.uint8)
    np.savez(folder / "colors.npz", x=colors, y=random.integers(4, size=20))
    np.save(folder / "plain.npy", random.normal(size=(40, 2, 5)).astype(np.float64))
    rows = [",".join([*map(str, row), f"kind {row[0] > 0}"]) for row in random.normal(size=(36, 5))]
    (folder / "table.csv").write_text("\n".join(["a,b,c,d,e,kind", *rows, ""]))


def dataset(random: Random, name: str) -> tuple[Entry, tuple[int, ...]]:
    """Return an entry, and the shape of a sample in its default view if the entry is valid."""
    source, shape, size = random.choice(_SOURCES)
    entry = {
        **source,
        "name": name,
        "batch_size": random.choice(
            [2, 5, 8, 16, 16, size, size + 1 if random.random() < 0.2 else 8]
        ),
        "num_clusters": random.choice([2, 3, 4, 10, size + 1 if random.random() < 0.1 else 3]),
        "shuffle": random.random() < 0.5,
        "drop_last": random.random() < 0.6,
    }
    if random.random() < 0.03:
        entry["batch_size"] = 1
    if source["source"] == "sklearn" or random.random() < 0.2:
        entry["index_of_last_sample_to_use"] = size - 1 if random.random() < 0.95 else 9999
    is_image = len(shape) == 3 and source["dataset"] != "plain"
    side = random.choice([5, 6])
    if is_image and random.random() < 0.2:
        entry["transforms"] = [{"type": "Resize", "size": [side, side]}, {"type": "ToTensor"}]
        if source["source"] == "sklearn":
            entry["transforms"].pop()
        shape = (shape[0], side, side)
    entry["batch_augmentations"] = [
        {"name": view, "transforms": _view(random, shape if is_image else None)}
        for view in ("one", "two")
    ]
    return entry, shape


def _view(random: Random, shape: tuple[int, ...] | None) -> list[Entry]:
    if shape is None:
        return []
    height, width = shape[1:]
    odd = random.random() < 0.04
    change = random.choice(
        [
            {"type": "RandomAffine", "degrees": 10},
            {"type": "RandomResizedCrop", "size": [height, width + odd], "scale": [0.5, 1]},
            {"type": "RandomCrop", "size": [height, width], "padding": 0 if odd else 2},
            {"type": "RandomRotation", "degrees": 30, "expand": odd},
            {"type": "RandomApply", "transforms": [{"type": "GaussianBlur", "kernel_size": 3}]},
        ]
    )
    resize = {"type": "Resize", "size": [height, width]}
    return [resize, change]


def _npz(name: str, **keys: str) -> Entry:
    return {"source": "npz", "dataset": name, "path": f"{name}.npz", **keys}


_SOURCES = (
    ({"source": "sklearn", "dataset": "load_digits"}, (1, 8, 8), 40),
    ({"source": "sklearn", "dataset": "load_iris"}, (4,), 50),
    (_npz("vectors"), (6,), 31),
    (_npz("gray"), (1, 8, 7), 24),
    (_npz("colors", samples_key="x", labels_key="y"), (3, 9, 9), 20),
    ({"source": "npy", "dataset": "plain", "path": "plain.npy"}, (2, 5), 40),
    ({"source": "csv", "dataset": "table", "path": "table.csv", "label_column": "kind"}, (5,), 36),
)
