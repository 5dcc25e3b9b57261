"""Predict the content of parameter files that a method saves and loads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from dcrf.batch import DatasetPass, Place
from dcrf.config.file_names import saved_file
from dcrf.config.method_config import DatasetConfig, MethodConfig, PhaseConfig, SaveConfig
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Labels
from dcrf.storage.parameter_files import fill_part, load_part, part_tensors, read_tensor
from dcrf.training.interfaces import DataSource
from dcrf.training.method import Method
from dcrf.training.phase import Hook


class UnknownContentError(Exception):
    """The content of a file is unknown until another run or data set has saved it."""


@dataclass(slots=True)
class PredictedFiles:
    """Stands in for the parameter files of a run. Writes nothing.

    saved: file -> its predicted content, names and tensors on the meta device.
    unknown: files that data sets of unknown sample shape save.
    """

    config: MethodConfig
    saved: dict[Path, dict[str, Tensor]] = field(default_factory=dict)
    unknown: set[Path] = field(default_factory=set)

    def save(self, phase: PhaseConfig, dataset: str, method: Method) -> None:
        """Predict the files that a phase saves by its end."""
        for entry in phase.saves:
            file = self.file_to_save(entry, dataset)
            self.saved[file] = part_tensors(method.parts[entry.part])
            self.unknown.discard(file)

    def skip(self, dataset: DatasetConfig) -> None:
        """Mark the files as unknown that the phases of a data set save."""
        for phase in self.config.phases_on(dataset):
            self.unknown |= {self.file_to_save(entry, dataset.name) for entry in phase.saves}

    def file_to_save(self, entry: SaveConfig, dataset: str) -> Path:
        """Return the file that an entry saves to, without a seed or a number."""
        return saved_file(entry.target, self.config.name, dataset, entry.part, None, entry.suffix)

    def save_part(self, tensors: Mapping[str, Tensor], file: Path) -> None:
        """Save nothing."""

    def load_part(self, part: nn.Module, file: Path) -> None:
        """Fill a part of a method with predicted parameters, or those of an existing file.

        Raises:
            DataError: the file does not fit the part.
            UnknownContentError: the content is unknown.
        """
        self._check_known(file)
        if file in self.saved:
            fill_part(part, self.saved[file], file)
        else:
            load_part(part, file)

    def read_tensor(self, file: Path, name: str) -> Tensor:
        """Return a predicted tensor (k, d), or that of an existing file.

        Raises:
            DataError: the file contains something else.
            UnknownContentError: the content is unknown.
        """
        self._check_known(file)
        if file not in self.saved:
            return read_tensor(file, name)
        if name not in self.saved[file]:
            raise DataError(f"{file} will contain the parameters of another part, not {name}")
        return self.saved[file][name]

    def save_phase(self, dataset: str, phase: str, method: Method, source: DataSource) -> None:
        """Save nothing."""

    def hooks(self, place: Place, method: Method, data_pass: DatasetPass) -> list[Hook]:
        """Return nothing: no features are saved."""
        return []

    def save_results(
        self,
        dataset: str,
        method: Method,
        clusters: Labels | None,
        source: DataSource | None = None,
    ) -> None:
        """Save nothing."""

    def save_reclustering(
        self, dataset: str, name: str, clusters: Labels | None, ids: Sequence[str] | None = None
    ) -> None:
        """Save nothing."""

    def _check_known(self, file: Path) -> None:
        if file in self.unknown or (file not in self.saved and not file.exists()):
            raise UnknownContentError(file)
