"""What a checked method file says, in the words of the framework.

Everything is frozen, sorted and filled: defaults are in place, names are unique, paths are
absolute, what is disabled is gone. A component's own options stay the mapping they were.
`path` is always the JSON path of the entry, for errors that only building can find.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.errors import Problem

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MappingConfig:
    """A trainable mapping. `layers` and the functions are entries as in the file."""

    path: str
    type: str
    name: str
    layers: tuple[Options, ...]
    layer_initialization: tuple[Options, ...]
    pre_processing_functions: tuple[Options, ...]
    post_processing_functions: tuple[Options, ...]
    associated_feature_extractor_name: str | None
    softmax_layer_name: str | None
    prior_mapping_name: str | None


@dataclass(frozen=True, slots=True)
class DatasetConfig:
    """A data set. `options` are the source's arguments, `parts` those that differ by part."""

    path: str
    name: str
    dataset: str
    source: str
    phases: tuple[str, ...]
    batch_size: int
    num_clusters: int
    transforms: tuple[Options, ...] | None
    batch_augmentations: Mapping[str, tuple[Options, ...]]
    reinitialize_mappings: bool
    shuffle: bool
    drop_last: bool
    pin_memory: bool
    num_workers: int
    first: int | None
    last: int | None
    parts: tuple[Options, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class PatternConfig:
    """A design pattern. `weights` and `groups` go by loss name, `*` for all; `views` by role.

    A role has None for the default view.
    """

    path: str
    stem: str
    name: str
    loss_report_interval: int
    weights: Mapping[str, float]
    groups: Mapping[str, str]
    views: Mapping[str, str | None]
    classifier_name: str | None
    options: Options


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """An optimizer over mappings, centroids or both. `options` are its constructor's."""

    path: str
    type: str
    name: str | None
    group_name: str
    trained_mapping_names: tuple[str, ...]
    optimizes_centroids: bool
    options: Options


@dataclass(frozen=True, slots=True)
class SchedulerConfig:
    """A learning-rate scheduler of all optimizers of one name; `step` is `epoch` or `iteration`."""

    path: str
    type: str
    optimizer_name: str
    step: str
    options: Options


@dataclass(frozen=True, slots=True)
class CycleStep:
    """The optimizers that are active for some iterations of the cycle."""

    active_optimizer_names: tuple[str, ...]
    num_iterations: int


@dataclass(frozen=True, slots=True)
class LoadConfig:
    """Parameters that a mapping takes from a file on entering a phase."""

    path: str
    mapping_name: str
    file: Path


@dataclass(frozen=True, slots=True)
class SaveConfig:
    """Where a mapping's parameters (or, without a name, the centroids) are saved, and how often.

    interval: iterations between saves; None saves at the end of the phase only.
    """

    path: str
    mapping_name: str | None
    interval: int | None
    target: Path
    keep_old_files: bool

    @property
    def part(self) -> str:
        """What is saved: the mapping's name, or `centroids`."""
        return self.mapping_name or "centroids"


@dataclass(frozen=True, slots=True)
class PhaseConfig:
    """A phase. `exit_criteria` is the object in the file, `on_collapse` is `warn` or `stop`."""

    path: str
    name: str
    exit_criteria: Options
    performance_evaluation_interval: int | None
    on_collapse: str
    design_patterns: tuple[PatternConfig, ...]
    optimizers: tuple[OptimizerConfig, ...]
    optimizer_cycle: tuple[CycleStep, ...]
    schedulers: tuple[SchedulerConfig, ...]
    loads: tuple[LoadConfig, ...]
    saves: tuple[SaveConfig, ...]


@dataclass(frozen=True, slots=True)
class CentroidsConfig:
    """How centroids come to be and change. `phases` are those that use them."""

    path: str
    feature_extractor_name: str
    phases: tuple[str, ...]
    initialization: str
    initialization_clustering: str
    initialization_num_restarts: int
    file: Path | None
    recalculation: str
    recalculation_clustering: str
    recalculation_num_restarts: int
    recalculation_interval: int | None

    @property
    def initialization_path(self) -> str:
        """The JSON path of the key that errors of the initialization are reported at."""
        return f"{self.path}.centroid_file_path" if self.file else self.path


@dataclass(frozen=True, slots=True)
class StrategyConfig:
    """How samples get clusters. `options` are the constructor's, names still names."""

    path: str
    stem: str
    options: Options


@dataclass(frozen=True, slots=True)
class MethodConfig:
    """A whole method.

    filled: the file's data with every default written out; reading it again gives this config.
    notes: sentences about accepted but deprecated keys.
    warnings: settings that are valid but probably unintended. Each has its JSON path, finding and
        remedy, and its line where the file has it.
    """

    source: Path
    name: str
    device: str
    seed: int | None
    precision: str
    compile: bool
    mappings: tuple[MappingConfig, ...]
    phases: tuple[PhaseConfig, ...]
    datasets: tuple[DatasetConfig, ...]
    strategy: StrategyConfig
    centroids: CentroidsConfig | None
    filled: Options
    notes: tuple[str, ...]
    warnings: tuple[Problem, ...]

    def phases_on(self, dataset: DatasetConfig) -> tuple[PhaseConfig, ...]:
        """Return the phases of a data set, in their order."""
        return tuple(phase for phase in self.phases if phase.name in dataset.phases)
