"""The configuration of a method, as the builder reads it.

All values are frozen and checked: every default is present, names are unique, paths are absolute,
phases and data sets are in running order, and disabled entries are left out. `options` are the
constructor arguments of a component, by key. `path` is the JSON path of an entry, so that errors
while building can name it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcrf.errors import Problem

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MappingConfig:
    """A trainable mapping. Layers, initialization and functions are entries as in the file.

    weight_norm_penalty: a number or the entry of a schedule; None for none.
    """

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
    weight_norm_penalty: Any


@dataclass(frozen=True, slots=True)
class DatasetConfig:
    """A data set.

    transforms: of the default view; None for those of the source.
    batch_augmentations: name of a view -> its transforms.
    sampling: its entry.
    steps: entries of the steps that all samples go through before any view.
    steps_fitted_on: the data set whose samples the steps are fitted to; None for this one.
    side_targets: `labels`, the entry of a file, or None.
    has_problems: whether it has clustering problems in place of samples.
    class_problems: the entry of problems that are made of its samples; None without any.
    first, last: indices of the samples to use, inclusive; None for the whole data set.
    parts: arguments of the source that differ between the concatenated parts.
    options: arguments of the source that all parts share.
    """

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
    sampling: Options
    steps: tuple[Options, ...]
    steps_fitted_on: str | None
    side_targets: Options | str | None
    has_problems: bool
    class_problems: Options | None
    drop_last: bool
    pin_memory: bool
    num_workers: int
    first: int | None
    last: int | None
    parts: tuple[Options, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class PatternConfig:
    """A design pattern.

    weights, groups: loss name, or `*` for all losses -> weight, optimizer group; empty for a
        pattern without losses.
    views: role of a view in the pattern -> name of the view; None for the default view.
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
    """An optimizer of parts of the method."""

    path: str
    type: str
    name: str | None
    group_name: str
    trained_parts: tuple[str, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class SchedulerConfig:
    """A learning-rate scheduler of all optimizers with one name.

    step: `epoch` or `iteration`.
    """

    path: str
    type: str
    optimizer_name: str
    step: str
    options: Options


@dataclass(frozen=True, slots=True)
class CycleStep:
    """A stage of the optimizer cycle: the active optimizers, and its length in iterations."""

    active_optimizer_names: tuple[str, ...]
    num_iterations: int


@dataclass(frozen=True, slots=True)
class LoadConfig:
    """A file from which a part loads its parameters when a phase starts."""

    path: str
    part: str
    file: Path


@dataclass(frozen=True, slots=True)
class SaveConfig:
    """A file or folder to which a phase saves the parameters of a part.

    interval: iterations between saves; None saves only at the end of the phase.
    suffix: of the file, if the target is a folder.
    """

    path: str
    part: str
    interval: int | None
    target: Path
    keep_old_files: bool
    suffix: str


@dataclass(frozen=True, slots=True)
class PhaseConfig:
    """A phase.

    exit_criteria: the object in the file.
    on_collapse: `warn` or `stop`.
    gradient_clipping: `norm` or `value` -> the limit, a number or the entry of a schedule.
    frozen_parts: names of parts, or of layers as `<mapping>.<layer>`.
    keep: `last` or `lowest_loss`, the parameters that the phase ends with.
    validation: the entry of evaluations on another data set; None without any.
    problem_pictures: the entries of pictures of clustering problems.
    """

    path: str
    name: str
    exit_criteria: Options
    performance_evaluation_interval: int | None
    on_collapse: str
    design_patterns: tuple[PatternConfig, ...]
    optimizers: tuple[OptimizerConfig, ...]
    optimizer_cycle: tuple[CycleStep, ...]
    schedulers: tuple[SchedulerConfig, ...]
    gradient_clipping: Options
    frozen_parts: tuple[str, ...]
    keep: str
    validation: Options | None
    problem_pictures: tuple[Options, ...]
    loads: tuple[LoadConfig, ...]
    saves: tuple[SaveConfig, ...]

    @property
    def trains(self) -> bool:
        """Whether batches change the method: by optimizers, or by a pattern without losses."""
        acts_itself = any(not pattern.groups for pattern in self.design_patterns)
        return acts_itself or bool(self.design_patterns and self.optimizers)


@dataclass(frozen=True, slots=True)
class FeaturesConfig:
    """The features that clusters are formed in.

    mapping_name: empty if the method has no feature extractor.
    layer_names: the layers whose outputs are concatenated; empty for the mapping's output.
    normalize: `none`, `l2` or `z_score`.
    """

    path: str
    mapping_name: str
    layer_names: tuple[str, ...] = ()
    normalize: str = "none"


@dataclass(frozen=True, slots=True)
class PartConfig:
    """A part of the method that the cluster assignment strategy provides.

    phases: names of the phases that use the part. It is initialized when the first one starts.
    files: JSON path -> file that the initialization reads.
    options: the keys of the strategy that configure only this part.
    """

    path: str
    phases: tuple[str, ...]
    files: Mapping[str, Path]
    options: Options

    @property
    def initialization_path(self) -> str:
        """The JSON path at which errors of the initialization are reported."""
        return next(iter(self.files), self.path)


@dataclass(frozen=True, slots=True)
class StrategyConfig:
    """The cluster assignment strategy. Mappings in `options` are still names."""

    path: str
    stem: str
    options: Options


@dataclass(frozen=True, slots=True)
class ReclusteringConfig:
    """A clustering of features beside the method's own assignment.

    clustering: the entry of a clustering.
    after_phase: the name of a phase; None for the last one of each data set.
    """

    path: str
    name: str
    clustering: Options
    features: FeaturesConfig
    after_phase: str | None


@dataclass(frozen=True, slots=True)
class MethodConfig:
    """A method.

    source: the method file, or `<dict>`.
    metrics: names of the metrics beside the default ones.
    filled: the JSON data with every default. Loading it again results in the same configuration.
    notes: sentences about accepted but deprecated keys.
    parts: name -> part that the strategy provides; mappings are parts, too, but not among these.
    features: that clusters are formed in.
    warnings: settings that are valid but probably a mistake, each with JSON path, finding, remedy,
        and line if the file contains it.
    """

    source: Path
    name: str
    device: str
    seed: int | None
    precision: str
    compile: bool
    metrics: tuple[str, ...]
    mappings: tuple[MappingConfig, ...]
    phases: tuple[PhaseConfig, ...]
    datasets: tuple[DatasetConfig, ...]
    strategy: StrategyConfig
    parts: Mapping[str, PartConfig]
    features: FeaturesConfig
    reclusterings: tuple[ReclusteringConfig, ...]
    filled: Options
    notes: tuple[str, ...]
    warnings: tuple[Problem, ...]

    def phases_on(self, dataset: DatasetConfig) -> tuple[PhaseConfig, ...]:
        """Return the phases of a data set, in their order."""
        return tuple(phase for phase in self.phases if phase.name in dataset.phases)
