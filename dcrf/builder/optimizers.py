"""Build optimizer groups and exit criteria."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from dcrf.builder.components import located
from dcrf.builder.schedules import build_schedule
from dcrf.config.method_config import (
    MappingConfig,
    OptimizerConfig,
    PhaseConfig,
    SchedulerConfig,
)
from dcrf.functional.clipping import clip_by_norm, clip_by_value
from dcrf.schema.allowed_names import OPTIMIZERS, SCHEDULERS
from dcrf.schema.registry import METRICS
from dcrf.training.exit_criteria import (
    Epochs,
    ExitCriterion,
    Iterations,
    ReassignmentBelow,
    ScoreAbove,
    ScoreBelowAfter,
)
from dcrf.training.loss_means import LossStopsFalling
from dcrf.training.method import Method
from dcrf.training.optimizers import (
    CycleStage,
    GradientClipping,
    GroupedOptimizer,
    LossRoute,
    OptimizerGroups,
    WeightNormPenalty,
)

_FUSED = frozenset({"Adam", "AdamW", "SGD"})
_IMPLEMENTATIONS = frozenset({"fused", "foreach", "differentiable", "capturable"})


def _score_criteria(
    metric: str, facts: Mapping[str, Any]
) -> dict[str, Callable[[Any], ExitCriterion]]:
    """Return the criteria on a metric, by their keys in a file."""
    needs_labels = "labels" in facts["x-needs"]

    def above(value: float) -> ExitCriterion:
        return ScoreAbove(metric, value, needs_labels)

    def below(entry: Mapping[str, Any]) -> ExitCriterion:
        return ScoreBelowAfter(metric, entry["value"], entry["iterations"], needs_labels)

    return {
        f"performance_evaluation_{metric}_gt": above,
        f"performance_evaluation_{metric}_lt_after_iterations": below,
    }


CRITERIA: Mapping[str, Callable[[Any], ExitCriterion]] = MappingProxyType(
    {
        "iterations": Iterations,
        "epochs": Epochs,
        "loss": lambda entry: LossStopsFalling(**entry),
        "performance_evaluation_cluster_reassignment_ratio_lt": ReassignmentBelow,
        **{
            key: build
            for metric, facts in METRICS.schemas.items()
            if facts["x-better"] == "larger"
            for key, build in _score_criteria(metric, facts).items()
        },
    }
)
"""Key of `exit_criteria` -> function that builds the criterion from its value."""

CLIPPINGS = MappingProxyType({"norm": clip_by_norm, "value": clip_by_value})
"""Key of `gradient_clipping` -> function of gradients and limit."""


def build_optimizers(
    phase: PhaseConfig,
    method: Method,
    routes: Mapping[str, LossRoute],
    mappings: Sequence[MappingConfig] = (),
) -> OptimizerGroups:
    """Build the optimizers of a phase with their schedulers, cycle and penalties.

    Args:
        phase: the phase.
        method: its parts are optimized.
        routes: of the losses.
        mappings: of the method, whose weights may be penalized.
    """
    return OptimizerGroups(
        optimizers=[_grouped(entry, phase, method) for entry in phase.optimizers],
        routes=routes,
        cycle=[
            CycleStage(frozenset(stage.active_optimizer_names), stage.num_iterations)
            for stage in phase.optimizer_cycle
        ],
        clipping=_clipping(phase.gradient_clipping),
        penalties=[
            WeightNormPenalty(
                method.mappings[mapping.name], build_schedule(mapping.weight_norm_penalty), group
            )
            for mapping in mappings
            if mapping.weight_norm_penalty is not None
            for group in _groups_of(mapping.name, phase)
        ],
    )


def _groups_of(part: str, phase: PhaseConfig) -> list[str]:
    """Return the optimizer groups of a phase that train a part, each once."""
    groups = [entry.group_name for entry in phase.optimizers if part in entry.trained_parts]
    return list(dict.fromkeys(groups))


def build_optimizer(entry: OptimizerConfig, parameters: Sequence[Parameter]) -> Optimizer:
    """Build an optimizer of parameters.

    Its steps are fused if it supports that and the file names no implementation. A fused step does
    the same arithmetic in one pass over the parameters.
    """
    options = dict(entry.options)
    can_be_fused = all(p.device.type in ("cpu", "cuda") for p in parameters)
    if entry.type in _FUSED and can_be_fused and not options.keys() & _IMPLEMENTATIONS:
        options["fused"] = True
    return OPTIMIZERS[entry.type](parameters, **options)


def build_scheduler(entry: SchedulerConfig, optimizer: Optimizer) -> LRScheduler:
    """Build a learning-rate scheduler of an optimizer."""
    return SCHEDULERS[entry.type](optimizer, **entry.options)


def build_exit_criteria(entries: Mapping[str, Any]) -> list[ExitCriterion]:
    """Build the exit criteria of a phase from its key -> value."""
    return [CRITERIA[key](value) for key, value in entries.items()]


def _clipping(entry: Mapping[str, Any]) -> GradientClipping | None:
    for key, limit in entry.items():
        return GradientClipping(CLIPPINGS[key], build_schedule(limit))
    return None


def _grouped(entry: OptimizerConfig, phase: PhaseConfig, method: Method) -> GroupedOptimizer:
    with located(entry.path, ""):
        optimizer = build_optimizer(entry, _parameters(entry, method))
    schedulers: dict[str, list[LRScheduler]] = {"epoch": [], "iteration": []}
    for scheduler in phase.schedulers:
        if scheduler.optimizer_name == entry.name:
            with located(scheduler.path, ""):
                schedulers[scheduler.step].append(build_scheduler(scheduler, optimizer))
    return GroupedOptimizer(
        optimizer, entry.group_name, entry.name, schedulers["epoch"], schedulers["iteration"]
    )


def _parameters(entry: OptimizerConfig, method: Method) -> list[Parameter]:
    parts = method.parts
    parameters = [p for name in entry.trained_parts for p in parts[name].parameters()]
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        names = ", ".join(entry.trained_parts)
        raise ValueError(f"no parameter of {names} is trainable")
    return parameters
