"""Open the method that a finished run has trained."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from dcrf.builder import open_samples
from dcrf.builder.method import build_method
from dcrf.builder.sample_steps import unfitted_steps
from dcrf.config import load_checked
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.config.rules.suggestions import closest, hint
from dcrf.data.data_source import DataSource
from dcrf.data.sources.load import encoding_kind, open_data, source_like
from dcrf.data.sources.provenance import options_beside, options_of_one_file
from dcrf.data.sources.raw_data import Encoding, RawData
from dcrf.errors import ConfigError, DataError, OptionError, causes
from dcrf.randomness import RandomStreams
from dcrf.runs.device import resolve_device
from dcrf.runs.environment import other_version
from dcrf.runs.run_folder import CONFIGURATION, ENVIRONMENT, is_run_folder
from dcrf.runs.trained_files import TrainedFiles
from dcrf.schema.registry import SOURCES
from dcrf.storage.parameter_files import read_tensor
from dcrf.training.method import Method


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A method as a run has trained it.

    dataset: the data set after whose training the parameters were saved.
    method: in evaluation mode, on the device of the configuration.
    steps: of the data set, fitted; None without any.
    encoding: of its samples; None if their source has fitted nothing to them.
    streams: of the run's seed.
    """

    config: MethodConfig
    dataset: DatasetConfig
    method: Method
    steps: nn.Module | None
    encoding: Encoding | None
    streams: RandomStreams

    def open_file(self, file: Path, *, with_labels: bool = False) -> DataSource:
        """Open new samples of a file, which go through the steps and transforms of the data set.

        A file of the source of the data set is read with its options, and encoded as the data of
        the training: columns of a table are found by name, texts get the same terms.

        Args:
            file: of the samples, or their folder.
            with_labels: whether the file has labels where that of the data set has them.

        Raises:
            DataError: the file cannot be read or its samples do not fit the data set; the message
                names the file.
        """
        raw = new_data(self.dataset, file, self.encoding, with_labels=with_labels)
        try:
            return open_samples(self.dataset, raw, self.streams, self.config.device, self.steps)
        except DataError as error:
            raise DataError(f"{file}: {error}") from error


def new_data(
    dataset: DatasetConfig, file: Path, encoding: Encoding | None, *, with_labels: bool = False
) -> RawData:
    """Read new samples of a file or folder, encoded as those of a data set, before any step.

    Args:
        dataset: that they resemble.
        file: of the samples, or their folder.
        encoding: of the data set.
        with_labels: as for `TrainedRun.open_file`.

    Raises:
        DataError: the file cannot be read or its samples do not fit the encoding.
    """
    source = source_like(file, dataset.source)
    known = SOURCES.properties(SOURCES.stems[source])
    own = dataset.options if source == dataset.source else {}
    if Path(own.get("path", "")).absolute() != file.absolute():
        own = options_of_one_file(own, source)
    options = {**own, **options_beside(file, source)}
    if not with_labels:
        options = {key: v for key, v in options.items() if not known[key].get("x-labels")}
    is_alike = encoding_kind(source) == encoding_kind(dataset.source)
    if encoding is not None and not is_alike and file.is_dir():
        raise DataError(
            f"{file}: the run has read {_in_words(dataset.source)}, but the new data are "
            f"{_in_words(source)}"
        )
    try:
        return open_data(
            source,
            file.stem,
            {**options, "path": str(file)},
            encoding=encoding if is_alike else None,
        )
    except DataError as error:
        raise _without_remedies(error, file) from error


def _in_words(source: str) -> str:
    """Return the kind of data of a source, with its name as in method files."""
    stem = SOURCES.stems[source]
    title: str = SOURCES.schemas[stem]["title"]
    return f"{title[0].lower()}{title[1:]} ({stem})"


def _without_remedies(error: DataError, file: Path) -> DataError:
    """Return an error of new data without settings of a method file, which cannot be changed."""
    option = next((cause for cause in causes(error) if isinstance(cause, OptionError)), None)
    if option is None:
        return error
    return DataError(f"{file}: {option.message}{hint(option.value, option.known)}")


def open_run(folder: Path, dataset: str | None = None, device: str | None = None) -> TrainedRun:
    """Build the method of a run and load its parameters.

    Args:
        folder: of the run.
        dataset: name of the data set whose parameters to load, as in `data_set_called`.
        device: a torch device name in place of the run's.

    Raises:
        ConfigError: the configuration of the run is invalid.
        DataError: the folder has no run, the run has not finished with this data set, or another
            version wrote a configuration that is invalid in this one.
    """
    config = _configuration(folder)
    config = replace(config, device=resolve_device(device or config.device))
    entry = data_set_called(config.datasets, dataset, "run")
    streams = RandomStreams(config.seed or 0)
    method = build_method(config, entry.num_clusters, streams, read_tensor)
    steps, files = unfitted_steps(entry.steps), TrainedFiles(folder, config.name, entry.name)
    files.load(method, steps)
    encoding = files.encoding()
    return TrainedRun(config, entry, method.to(config.device).eval(), steps, encoding, streams)


def data_sets_of(folder: Path) -> list[str]:
    """Return the names of the data sets of a run.

    Raises:
        ConfigError: the configuration of the run is invalid.
        DataError: the folder has no run, or that of a version whose configuration is invalid here.
    """
    return [entry.name for entry in _configuration(folder).datasets]


def _configuration(folder: Path) -> MethodConfig:
    if not is_run_folder(folder):
        raise DataError(f"{folder} is not a run folder, such as runs/my_method/<time>-<seed>")
    try:
        return load_checked(folder / CONFIGURATION, check_inputs=False)
    except ConfigError as error:
        version = other_version(folder / ENVIRONMENT)
        if version is None:
            raise
        remedy = f"another version wrote the run ({version}); open it with that version"
        raise DataError(f"{error}\n{remedy}") from error


def data_set_called(
    datasets: Sequence[DatasetConfig], name: str | None, owner: str
) -> DatasetConfig:
    """Return the data set with a name; for None the last one with trained mappings, if any has.

    These are data sets on which phases run, and those that keep the mappings of the one before.

    Raises:
        DataError: there is none; the message names the owner, `run` or `method`.
    """
    entries = {entry.name: entry for entry in datasets}
    if not name:
        trained = [e for e in datasets if e.phases or not e.reinitialize_mappings]
        return (trained or datasets)[-1]
    if name not in entries:
        guess = closest(name, list(entries))
        remedy = f"did you mean {guess!r}?" if guess else f"its data sets: {', '.join(entries)}"
        raise DataError(f"the {owner} has no data set {name!r}; {remedy}")
    return entries[name]
