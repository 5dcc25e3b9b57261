"""The file of the smallest data set of Apache Parquet."""

from pathlib import Path

import pytest


def write(folder: Path) -> None:
    """Write 4 samples (2,) of two classes."""
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(
        pyarrow.table(
            {
                "name": ["a", "b", "c", "d"],
                "width": [1.5, 2.5, 0.5, 1.0],
                "kind": ["round", "flat", "round", "flat"],
                "height": [2, 1, 4, 3],
            }
        ),
        folder / "small.parquet",
    )
