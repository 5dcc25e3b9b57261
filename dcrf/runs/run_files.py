"""The files of parameters and clusters that a run saves and loads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path

from torch import Tensor, nn

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import NO_FACTS, DatasetPass, Place, SampleFacts
from dcrf.config.file_names import clean_name, saved_file, with_seed
from dcrf.config.method_config import SaveConfig
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Labels
from dcrf.parallel.replicas import share_state
from dcrf.parallel.world import agreed, alone
from dcrf.runs.cluster_files import (
    FEATURES,
    TABLES,
    save_clusters,
    save_confusion,
    save_features,
)
from dcrf.runs.clusters_table import write_clusters
from dcrf.runs.moments import MOMENTS, SaveMoments, save_end
from dcrf.runs.run_folder import CHECKPOINTS
from dcrf.runs.trained_files import TrainedFiles
from dcrf.storage.atomic_files import read_json, remove_temporary_files, write_json
from dcrf.storage.parameter_files import is_numbered, load_part, read_tensor, unused
from dcrf.storage.tensor_files import save_tensors
from dcrf.training.interfaces import DataSource
from dcrf.training.method import Method
from dcrf.training.phase import Hook

NUMBERED = "kept_apart.json"


@dataclass(frozen=True, slots=True)
class NumberedFiles:
    """Numbered files of this run in place of files that other runs have written.

    record: the file that a choice is recorded in before anything is saved. A resumed run must
        distinguish its own files from those of others. None for a run that cannot be resumed.
    chosen: requested file -> the file of this run.
    """

    record: Path | None
    chosen: dict[Path, Path] = field(default_factory=dict)

    def choose(self, file: Path) -> Path:
        """Return the file, or a numbered one beside it, that no other run has written."""
        if file not in self.chosen:
            self.chosen[file] = _recorded(self.record, file) if self.record else unused(file)
        return self.chosen[file]

    def state_dict(self) -> dict[str, dict[str, str]]:
        """Return the choices so far."""
        return {NUMBERED: {str(file): str(own) for file, own in self.chosen.items()}}

    def load_state_dict(self, state: Mapping[str, Mapping[str, str]]) -> None:
        """Restore `state_dict`'s result, no choice without it.

        Raises:
            DataError: a file of it is not a numbered one.
        """
        self.chosen.clear()
        for file, own in state.get(NUMBERED, {}).items():
            self.chosen[Path(file)] = _checked(Path(file), own)


def _recorded(record: Path, file: Path) -> Path:
    """Return the choice in the record, and record it if it is new."""
    recorded = read_json(record) if record.exists() else {}
    if str(file) not in recorded:
        recorded[str(file)] = str(unused(file))
        write_json(record, recorded)
    return _checked(file, recorded[str(file)])


def _checked(file: Path, own: str) -> Path:
    if not is_numbered(Path(own), file):
        raise DataError(f"the run's record of its files is damaged: {own} in place of {file}")
    return Path(own)


Keep = Callable[[str, Method, Labels | None, SampleFacts], None]
"""Takes the name, the trained method, the clusters (n,) and the facts of a finished data set."""


def forget(dataset: str, method: Method, clusters: Labels | None, facts: SampleFacts) -> None:
    """Keep nothing of a finished data set in memory."""


class RunFiles:
    """The parameter files of one run.

    Args:
        folder: of the run; None for a run that writes only the files that its method names.
        method: the name of the method.
        seed_in_names: the seed if file names must contain it, else None.
        keep: takes the results of every data set.
        saves_features: whether the features of all samples are saved after every phase.
        moments_interval: iterations between moments that are saved; None for ends of phases only.

    numbered: the files that keep those of other runs.
    """

    def __init__(
        self,
        folder: Path | None,
        method: str,
        seed_in_names: int | None = None,
        keep: Keep = forget,
        *,
        saves_features: bool = False,
        moments_interval: int | None = None,
    ) -> None:
        self.folder, self.method, self.seed_in_names = folder, method, seed_in_names
        self.keep, self.saves_features = keep, saves_features
        self.moments_interval = moments_interval
        self.numbered = NumberedFiles(folder and folder / CHECKPOINTS / NUMBERED)

    def file_to_save(self, entry: SaveConfig, dataset: str) -> Path:
        """Return the file that an entry saves to, the same one throughout the run."""
        file = saved_file(
            entry.target, self.method, dataset, entry.part, self.seed_in_names, entry.suffix
        )
        if entry.keep_old_files:
            file = self.numbered.choose(file)
        remove_temporary_files(file.parent, escape(file.name))
        return file

    def save_part(self, tensors: Mapping[str, Tensor], file: Path) -> None:
        """Save the tensors of a part to a file of `file_to_save`."""
        save_tensors(tensors, file)

    def file_to_load(self, file: Path) -> Path:
        """Return the file of this seed and run if it exists, else the file itself."""
        own = file if self.seed_in_names is None else with_seed(file, self.seed_in_names)
        own = self.numbered.chosen.get(own, own)
        return own if own.exists() else file

    def load_part(self, part: nn.Module, file: Path) -> None:
        """Fill a part of a method from a file. Raises DataError if that does not fit."""
        load_part(part, self.file_to_load(file))
        share_state(part)

    def read_tensor(self, file: Path, name: str) -> Tensor:
        """Return the tensor of a file with this name. Raises DataError if it has none."""
        return agreed(read_tensor(self.file_to_load(file), name))

    def save_phase(self, dataset: str, phase: str, method: Method, source: DataSource) -> None:
        """Save the features of some samples after a phase, and those of all if asked for.

        Sets of objects have none.
        """
        if self.folder is None:
            return
        with alone():
            save_end(self._moments_of(dataset), phase, method, source)
            has_features = not isinstance(method.assignment, SetAssignment)
            if self.saves_features and has_features:
                name = f"{clean_name(dataset)}-{clean_name(phase)}.npy"
                save_features(self.folder / FEATURES / name, method, source)

    def hooks(self, place: Place, method: Method, data_pass: DatasetPass) -> list[Hook]:
        """Return the hooks that save the features of some samples during a phase, if any."""
        if self.folder is None or self.moments_interval is None:
            return []
        folder = self._moments_of(place.dataset)
        return [SaveMoments(self.moments_interval, folder, place.phase, method, data_pass)]

    def _moments_of(self, dataset: str) -> Path:
        return (self.folder or Path()) / MOMENTS / clean_name(dataset)

    def save_results(
        self,
        dataset: str,
        method: Method,
        clusters: Labels | None,
        source: DataSource | None = None,
    ) -> None:
        """Save all parameters, and the cluster (n,) of every sample unless that is None.

        With the source of the samples, clusters have ids and probabilities, and each has examples
        and a profile.
        """
        facts = NO_FACTS if source is None else source.facts
        self.keep(dataset, method, clusters, facts)
        if self.folder is None:
            return
        TrainedFiles(self.folder, self.method, dataset).save(method, facts)
        if clusters is None:
            return
        if source is None or clusters.ndim > 1:
            write_clusters(self.folder / TABLES / f"{clean_name(dataset)}.csv", clusters)
        else:
            with alone():
                save_clusters(self.folder, clean_name(dataset), method, source, clusters)
            save_confusion(self.folder, clean_name(dataset), source.labels(), clusters)

    def save_reclustering(
        self, dataset: str, name: str, clusters: Labels | None, ids: Sequence[str] | None = None
    ) -> None:
        """Save the clusters (n,) of a reclustering."""
        file = f"reclusterings/{clean_name(dataset)}_{clean_name(name)}.csv"
        if self.folder is not None and clusters is not None:
            write_clusters(self.folder / file, clusters, ids)
