"""The CSV file of the smallest data set of texts."""

from pathlib import Path


def write(folder: Path) -> None:
    """Write 6 documents of two classes."""
    rows = [f"document {number} has words,{'ab'[number % 2]}" for number in range(6)]
    (folder / "texts.csv").write_text("\n".join(["text,class", *rows]))
