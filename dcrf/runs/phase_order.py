"""The phases of a run in their order, and where `--phases` ends it."""

from collections.abc import Collection, Iterator, Mapping

from dcrf.config.method_config import MethodConfig
from dcrf.config.rules.schema_errors import suggestion
from dcrf.errors import ConfigError, Problem

Step = tuple[int, int]
"""The numbers of a data set and of a phase on it, both from 0, in running order."""
BEGIN: Step = (0, 0)


def steps_of(config: MethodConfig) -> dict[Step, str]:
    """Return the steps of a run in their order, each with the name of its phase."""
    return {
        (number, position): phase.name
        for number, dataset in enumerate(config.datasets)
        for position, phase in enumerate(config.phases_on(dataset))
    }


def end_after(config: MethodConfig, names: Collection[str], position: Step) -> Step | None:
    """Return the step before which a run stops that runs only phases with these names.

    Args:
        config: of the method.
        names: of phases. Those that have ended may be among them.
        position: of the run, before which all steps have ended.

    Returns:
        The first step with another phase, None if all that are left have these names.

    Raises:
        ConfigError: the method has no phase of a name, or another phase comes before it.
    """
    steps = steps_of(config)
    end = next((s for s, name in steps.items() if s >= position and name not in names), None)
    covered = {name for step, name in steps.items() if end is None or step < end}
    if end is not None and (problems := list(_problems(steps, names, covered, end))):
        raise ConfigError(config.source, problems)
    return end


def _problems(
    steps: Mapping[Step, str], names: Collection[str], covered: Collection[str], end: Step
) -> Iterator[Problem]:
    """Yield a problem for every name that the run does not reach."""
    order = list(dict.fromkeys(steps.values()))
    for name in names:
        if name not in order:
            yield Problem(
                "--phases", f"the method has no phase called {name!r}", suggestion(name, order)
            )
        elif name not in covered:
            needed = ",".join(other for other in order if other in {*names, steps[end]})
            found = f"{name} comes after {steps[end]}, which is not among the phases to run"
            yield Problem("--phases", found, f"write --phases {needed}")
