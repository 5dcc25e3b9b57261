"""Predict the content of parameter files that a method saves and loads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from dcrf.config.file_names import saved_file
from dcrf.config.method_config import DatasetConfig, MethodConfig, PhaseConfig, SaveConfig
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Labels
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.parameter_files import load_mapping, read_centroids
from dcrf.training.method import CENTROIDS, Method


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
            content = {CENTROIDS: method.centroids.values.detach()}
            if entry.mapping_name is not None:
                content = method.mappings[entry.mapping_name].state_dict()
            file = self.file_to_save(entry, dataset)
            self.saved[file] = content
            self.unknown.discard(file)

    def skip(self, dataset: DatasetConfig) -> None:
        """Mark the files as unknown that the phases of a data set save."""
        for phase in self.config.phases_on(dataset):
            self.unknown |= {self.file_to_save(entry, dataset.name) for entry in phase.saves}

    def file_to_save(self, entry: SaveConfig, dataset: str) -> Path:
        """Return the file that an entry saves to, without a seed or a number."""
        return saved_file(entry.target, self.config.name, dataset, entry.part, None)

    def load_mapping(self, mapping: TrainableMapping, file: Path) -> None:
        """Fill a mapping with predicted parameters, or those of an existing file.

        Raises:
            DataError: the file does not fit the mapping.
            UnknownContentError: the content is unknown.
        """
        self._check_known(file)
        if file not in self.saved:
            load_mapping(mapping, file)
            return
        try:
            mapping.load_state_dict(self.saved[file])
        except RuntimeError as error:
            raise DataError(f"the parameters in {file} do not fit: {error}") from error

    def read_centroids(self, file: Path) -> Tensor:
        """Return predicted centroids (k, d), or those of an existing file.

        Raises:
            DataError: the file contains something else.
            UnknownContentError: the content is unknown.
        """
        self._check_known(file)
        if file not in self.saved:
            return read_centroids(file)
        if CENTROIDS not in self.saved[file]:
            raise DataError(f"{file} will contain the parameters of a mapping, not centroids")
        return self.saved[file][CENTROIDS]

    def save_results(
        self,
        dataset: str,
        method: Method,
        clusters: Labels | None,
        ids: Sequence[str] | None = None,
    ) -> None:
        """Save nothing."""

    def _check_known(self, file: Path) -> None:
        if file in self.unknown or (file not in self.saved and not file.exists()):
            raise UnknownContentError(file)
