"""The context of a run: the same for all its data sets and phases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from dcrf.batch import DatasetPass, Place
from dcrf.config.method_config import MethodConfig, SaveConfig
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays
from dcrf.evaluation.evaluator import Labels
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writer
from dcrf.training.interfaces import DataSource
from dcrf.training.method import Method
from dcrf.training.phase import Hook


class ParameterFiles(Protocol):
    """The files of parameters and clusters that a run saves and loads."""

    def file_to_save(self, entry: SaveConfig, dataset: str) -> Path:
        """Return the file that an entry saves to, the same one throughout the run."""
        ...

    def save_part(self, tensors: Mapping[str, Tensor], file: Path) -> None:
        """Save the tensors of a part to a file of `file_to_save`."""
        ...

    def load_part(self, part: nn.Module, file: Path) -> None:
        """Fill a part of a method from a file. Raises DataError if that does not fit."""
        ...

    def read_tensor(self, file: Path, name: str) -> Tensor:
        """Return the tensor of a file with this name. Raises DataError if it has none."""
        ...

    def save_phase(self, dataset: str, phase: str, method: Method, source: DataSource) -> None:
        """Save the features of some samples after a phase, and those of all if asked for."""
        ...

    def hooks(self, place: Place, method: Method, data_pass: DatasetPass) -> Sequence[Hook]:
        """Return the hooks that save features during a phase, if any."""
        ...

    def save_results(
        self,
        dataset: str,
        method: Method,
        clusters: Labels | None,
        source: DataSource | None = None,
    ) -> None:
        """Save all parameters, and the cluster (n,) of every sample unless that is None.

        With the source of the samples, fitted steps and names of columns are saved beside the
        parameters, and clusters with ids, probabilities, examples and a profile.
        """
        ...

    def save_reclustering(
        self, dataset: str, name: str, clusters: Labels | None, ids: Sequence[str] | None = None
    ) -> None:
        """Save the clusters (n,) of a reclustering, as those of `save_results`."""
        ...


@dataclass(frozen=True, slots=True)
class RunContext:
    """A method, and everything outside of it that one run of it uses.

    streams: of the run's seed.
    device: a torch device name.
    writer: takes the records of the run.
    files: of parameters and clusters.
    arrays: data handed over in Python, by name.
    """

    config: MethodConfig
    streams: RandomStreams
    device: str
    writer: Writer
    files: ParameterFiles
    arrays: Arrays = field(default_factory=lambda: NO_ARRAYS, kw_only=True)
