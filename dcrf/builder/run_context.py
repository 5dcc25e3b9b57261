"""One run of a method, and the files that it saves and loads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

from dcrf.config.file_names import clean_name, saved_file, with_seed
from dcrf.config.method_config import MethodConfig, SaveConfig
from dcrf.errors import DataError
from dcrf.evaluation.evaluator import Labels
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writer
from dcrf.storage.atomic_files import read_json, remove_unfinished, write_atomically, write_json
from dcrf.storage.parameter_files import is_numbered, mapping_tensors, unused
from dcrf.storage.tensor_files import save_tensors
from dcrf.training.method import Method

CENTROIDS = "centroids"
CHECKPOINTS = "checkpoints"
KEPT_APART = "kept_apart.json"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a method.

    device: a torch device name.
    folder: where the results go.
    seed_in_names: the seed, where files of several seeds must not meet; else None.
    kept_apart: file that another run had written -> the one that this run writes instead.
    """

    config: MethodConfig
    streams: RandomStreams
    device: str
    writer: Writer
    folder: Path
    seed_in_names: int | None = None
    kept_apart: dict[Path, Path] = field(default_factory=dict)

    def file_to_save(self, entry: SaveConfig, dataset: str) -> Path:
        """Return the file that an entry saves to, the same one throughout the run."""
        file = saved_file(entry.target, self.config.name, dataset, entry.part, self.seed_in_names)
        if entry.keep_old_files:
            if file not in self.kept_apart:
                self.kept_apart[file] = self._chosen(file)
            file = self.kept_apart[file]
        remove_unfinished(file.parent, escape(file.name))
        return file

    def file_to_load(self, file: Path) -> Path:
        """Return the file to load: where there are several seeds, rather this seed's own."""
        own = file if self.seed_in_names is None else with_seed(file, self.seed_in_names)
        own = self.kept_apart.get(own, own)
        return own if own.exists() else file

    def state_dict(self) -> dict[str, dict[str, str]]:
        """Return which files are kept apart by now."""
        return {KEPT_APART: {str(file): str(own) for file, own in self.kept_apart.items()}}

    def load_state_dict(self, state: Mapping[str, Mapping[str, str]]) -> None:
        """Take over what `state_dict` returned; nothing is kept apart without it."""
        self.kept_apart.clear()
        for file, own in state.get(KEPT_APART, {}).items():
            self.kept_apart[Path(file)] = _kept_apart(Path(file), own)

    def _chosen(self, file: Path) -> Path:
        """Return a file that no other run has written.

        The choice is written down before anything is saved, since a run that is killed and goes
        on must know its own files from those of others.
        """
        record = self.folder / CHECKPOINTS / KEPT_APART
        chosen = read_json(record) if record.exists() else {}
        if str(file) not in chosen:
            chosen[str(file)] = str(unused(file))
            write_json(record, chosen)
        return _kept_apart(file, chosen[str(file)])

    def save_results(self, dataset: str, method: Method, clusters: Labels | None) -> None:
        """Save all parameters, and the cluster (n,) of every sample where there are clusters."""
        parts = [*method.mappings, *([CENTROIDS] if method.centroids.are_initialized else [])]
        for part in parts:
            file = saved_file(self.folder / "parameters", self.config.name, dataset, part, None)
            save_tensors(tensors_of(method, part), file)
        if clusters is not None:
            file = self.folder / "clusters" / f"{clean_name(dataset)}.csv"
            write_atomically(file, _csv(clusters.tolist()).encode())


def _kept_apart(file: Path, own: str) -> Path:
    """Return the file that takes another one's place, as it was written down.

    Raises:
        DataError: it is one that a run would not choose.
    """
    if not is_numbered(Path(own), file):
        raise DataError(f"the run has lost which file it saves to: not {own} in place of {file}")
    return Path(own)


def tensors_of(method: Method, part: str) -> dict[str, Any]:
    """Return what is saved of a mapping, or of the centroids."""
    if part == CENTROIDS:
        return {CENTROIDS: method.centroids.values.detach().cpu()}
    return mapping_tensors(method.mappings[part])


def _csv(clusters: Sequence[int]) -> str:
    rows = [f"{sample},{cluster}\n" for sample, cluster in enumerate(clusters)]
    return "".join(["sample,cluster\n", *rows])
