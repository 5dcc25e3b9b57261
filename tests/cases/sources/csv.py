"""The file of the smallest data set in a text file."""

from pathlib import Path

TABLE = """\
name,width,kind,height
a,1.5,round,2
b,2.5,flat,1
c,0.5,round,4
d,1.0,flat,3
"""


def write(folder: Path) -> None:
    """Write 4 samples (2,) of two classes."""
    (folder / "small.csv").write_text(TABLE)
