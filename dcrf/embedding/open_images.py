"""Open the images that `dcrf embed` is called with."""

from pathlib import Path

from dcrf.builder.data_sources import open_raw
from dcrf.config import load_datasets
from dcrf.data.sources.load import open_data, source_of_file
from dcrf.data.sources.raw_data import RawData
from dcrf.errors import DataError
from dcrf.runs.trained_run import data_set_called


def open_images(path: Path, dataset: str | None = None) -> tuple[RawData, str]:
    """Return images and where they come from, in words.

    Args:
        path: a file or folder that a source reads, or a method file.
        dataset: the name of a data set of the method file; None for its last one.

    Raises:
        DataError: the images cannot be read, or the method has no such data set.
        ConfigError: the method file is invalid.
    """
    if path.suffix != ".json":
        if dataset is not None:
            raise DataError(f"--dataset {dataset}: {path} is not a method file")
        return open_data(source_of_file(path), path.stem, {"path": str(path)}), str(path)
    entry = data_set_called(load_datasets(path), dataset, "method")
    if entry.has_problems:
        raise DataError(f"the data set {entry.name} has clustering problems, not images")
    return open_raw(entry), f"{entry.name} in {path}"
