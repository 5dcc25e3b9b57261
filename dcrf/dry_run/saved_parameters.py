"""What files of parameters will hold when they are loaded, which may be saved only before that."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from dcrf.builder.run_context import CENTROIDS
from dcrf.config.file_names import saved_file
from dcrf.config.method_config import (
    DatasetConfig,
    LoadConfig,
    MethodConfig,
    PhaseConfig,
    SaveConfig,
)
from dcrf.errors import DataError
from dcrf.storage.parameter_files import load_mapping
from dcrf.training.method import Method


@dataclass(slots=True)
class SavedAhead:
    """The files that a method has saved by now, without their content.

    written: file -> names and tensors, which have a shape only.
    unknown: files whose content is unknown when they are read.
    """

    config: MethodConfig
    written: dict[Path, dict[str, Tensor]] = field(default_factory=dict)
    unknown: set[Path] = field(default_factory=set)

    def skip(self, dataset: DatasetConfig) -> None:
        """Forget the files that the phases of a data set save."""
        for phase in self.config.phases:
            if phase.name in dataset.phases:
                for entry in phase.saves:
                    file = self._file(entry, dataset.name)
                    self.written.pop(file, None)
                    self.unknown.add(file)

    def save(self, phase: PhaseConfig, dataset: str, method: Method) -> None:
        """Take note of what a phase saves."""
        for entry in phase.saves:
            file = self._file(entry, dataset)
            is_mapping = entry.mapping_name is not None
            centroids = {CENTROIDS: method.centroids.values.detach()}
            saved = method.mappings[entry.part].state_dict() if is_mapping else centroids
            self.written[file] = saved
            self.unknown.discard(file)

    def _file(self, entry: SaveConfig, dataset: str) -> Path:
        return saved_file(entry.target, self.config.name, dataset, entry.part, None)

    def load(self, entry: LoadConfig, method: Method) -> None:
        """Hold a file against the mapping that takes it, where anything is known of it.

        Raises:
            DataError: it does not fit.
        """
        mapping = method.mappings[entry.mapping_name]
        if entry.file in self.written:
            try:
                mapping.load_state_dict(self.written[entry.file])
            except RuntimeError as error:
                raise DataError(f"the parameters in {entry.file} do not fit: {error}") from error
        elif entry.file not in self.unknown and entry.file.exists():
            load_mapping(mapping, entry.file)

    def check_centroids(self, file: Path, centroids: Tensor) -> None:
        """Raise DataError where a file that was saved before holds no centroids of this shape."""
        if file not in self.written:
            return
        saved = self.written[file].get(CENTROIDS)
        if saved is None:
            raise DataError(f"{file} will hold the parameters of a mapping, no centroids")
        if saved.shape != centroids.shape:
            raise DataError(f"{file} will hold centroids of shape {tuple(saved.shape)}")
