"""What depends on how far a phase goes: stages of patterns, schedules of learning rates."""

from collections.abc import Sequence

from torch.optim.lr_scheduler import LRScheduler

from dcrf.batch import Clock
from dcrf.config.method_config import PatternConfig, PhaseConfig
from dcrf.errors import Problem
from dcrf.training.optimizers import GroupedOptimizer


def moments(entry: PatternConfig, phase: PhaseConfig) -> list[Clock]:
    """Return when a pattern does what it does: in the first iteration, and after its stages."""
    last = phase.exit_criteria.get("iterations")
    found, start = [1], 1
    for stages in entry.options.values():
        for stage in stages if isinstance(stages, Sequence) else ():
            if isinstance(stage, dict) and "train_for_iterations" in stage:
                start += int(stage["train_for_iterations"])
                found.append(start)
    return [Clock(1, moment) for moment in found if last is None or moment <= last]


def overrun(
    phase: PhaseConfig, optimizers: Sequence[GroupedOptimizer], per_epoch: int | None
) -> list[Problem]:
    """Return a problem for every schedule that ends before the phase does.

    Args:
        phase: with its optimizers.
        optimizers: the same, made.
        per_epoch: batches of an epoch, None where that is not known.
    """
    steps = most_steps(phase, per_epoch)
    problems = []
    for optimizer in optimizers:
        entries = [entry for entry in phase.schedulers if entry.optimizer_name == optimizer.name]
        made: dict[str, Sequence[LRScheduler]] = {
            "epoch": optimizer.epoch_schedulers,
            "iteration": optimizer.iteration_schedulers,
        }
        for kind, schedulers in made.items():
            its = [entry for entry in entries if entry.step == kind]
            for entry, scheduler in zip(its, schedulers, strict=True):
                most = getattr(scheduler, "total_steps", None)
                if most is not None and steps.get(kind, 0) > most:
                    found = f"{entry.type} has {most} steps, but the phase may take {steps[kind]}"
                    remedy = f"{steps[kind]} steps at least; it is stepped every {kind}"
                    problems.append(Problem(entry.path, found, remedy))
    return problems


def most_steps(phase: PhaseConfig, per_epoch: int | None) -> dict[str, int]:
    """Return how many iterations and epochs a phase takes at most, where that is known.

    Args:
        phase: which may end earlier.
        per_epoch: batches of an epoch, None where that is not known.
    """
    criteria = phase.exit_criteria
    iterations, epochs = criteria.get("iterations"), criteria.get("epochs")
    if per_epoch is None:
        known = {"iteration": iterations if epochs is None else None}
        known["epoch"] = epochs if iterations is None else None
        return {kind: number for kind, number in known.items() if number is not None}
    ends = [iterations, None if epochs is None else epochs * per_epoch]
    end = min((number for number in ends if number is not None), default=0)
    return {"iteration": end, "epoch": end // per_epoch}
