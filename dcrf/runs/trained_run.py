"""Open the method that a finished run has trained."""

from dataclasses import dataclass
from pathlib import Path

from dcrf.builder.method import build_method
from dcrf.config import load_checked
from dcrf.config.file_names import saved_file
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.config.rules.suggestions import closest
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams
from dcrf.runs.run_folder import CONFIGURATION, is_run_folder
from dcrf.storage.parameter_files import load_part, read_tensor
from dcrf.storage.tensor_files import SAFETENSORS
from dcrf.training.method import Method


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A method as a run has trained it.

    dataset: the data set after whose training the parameters were saved.
    method: in evaluation mode, on the CPU.
    streams: of the run's seed.
    """

    config: MethodConfig
    dataset: DatasetConfig
    method: Method
    streams: RandomStreams


def open_run(folder: Path, dataset: str | None = None) -> TrainedRun:
    """Build the method of a run and load its parameters.

    Args:
        folder: of the run.
        dataset: name of the data set whose parameters to load; by default the last one.

    Raises:
        ConfigError: the configuration of the run is invalid.
        DataError: the folder has no run, or the run has not finished.
    """
    if not is_run_folder(folder):
        raise DataError(f"{folder} is not a run folder, such as runs/my_method/<time>-<seed>")
    config = load_checked(folder / CONFIGURATION, check_inputs=False)
    entry = _dataset(config, dataset)
    streams = RandomStreams(config.seed or 0)
    method = build_method(config, entry.num_clusters, streams, read_tensor).eval()
    for name, part in method.parts.items():
        file = saved_file(folder / "parameters", config.name, entry.name, name, None)
        file = file.with_suffix(SAFETENSORS)
        if file.exists() or name in method.mappings:
            load_part(part, file)
    return TrainedRun(config, entry, method, streams)


def _dataset(config: MethodConfig, name: str | None) -> DatasetConfig:
    entries = {entry.name: entry for entry in config.datasets}
    if name is None:
        return config.datasets[-1]
    if name not in entries:
        guess = closest(name, list(entries))
        remedy = f"did you mean {guess!r}?" if guess else f"its data sets: {', '.join(entries)}"
        raise DataError(f"the run has no data set {name!r}; {remedy}")
    return entries[name]
