"""Write the pictures of a run as its records come."""

from html import escape
from pathlib import Path

from dcrf.config.file_names import clean_name
from dcrf.pictures.page import write_pages
from dcrf.reporting.records import Record, SetsRecord
from dcrf.storage.atomic_files import write_atomically


class SetPages:
    """Writes a folder of pictures and tables for every record of partitioned sets.

    Args:
        folder: of all pictures of a run.

    Raises:
        OSError: a file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, record: Record) -> None:
        """Write the sets of the record, if it has any, and the list of all pictures."""
        if not isinstance(record, SetsRecord):
            return
        moment = "end" if record.iteration is None else f"it_{record.iteration}"
        time = "at the end" if record.iteration is None else f"after iteration {record.iteration}"
        folder = self.folder / clean_name(record.dataset) / f"{clean_name(record.phase)}_{moment}"
        write_pages(folder, record.sets, f"{record.dataset}, {time} of {record.phase}")
        write_atomically(self.folder / "index.html", _index(self.folder).encode())

    def close(self) -> None:
        """Do nothing: all files are closed."""


def _index(folder: Path) -> str:
    """Return a page with a link to every folder of pictures."""
    files = sorted(folder.glob("*/*/index.html"), key=lambda file: (file.parts[-3], _moment(file)))
    links = "".join(
        f'<li><a href="{escape(file.relative_to(folder).as_posix())}">{escape(name)}</a></li>'
        for file in files
        if (name := " ".join(file.parts[-3:-1]))
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>Pictures</title>'
        "<style>:root { color-scheme: light dark; } body { font: 15px/1.6 system-ui, sans-serif; "
        f"margin: 2rem; }}</style><h1>Pictures</h1><ul>{links}</ul></html>\n"
    )


def _moment(file: Path) -> tuple[str, float]:
    """Return what sorts the pictures of a phase by iterations, the end last."""
    phase, _, number = file.parent.name.rpartition("_")
    return phase.removesuffix("_it"), float(number) if number.isdecimal() else float("inf")
