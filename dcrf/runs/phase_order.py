"""The phases of a run in their order, and where `--phases` ends it."""

from collections.abc import Collection, Iterator, Sequence

from dcrf.config.method_config import MethodConfig
from dcrf.config.rules.schema_errors import suggestion
from dcrf.errors import ConfigError, Problem

PhaseIndex = tuple[int, int]
"""The numbers of a data set and of a phase on it, both from 0, in running order."""
BEGIN: PhaseIndex = (0, 0)


def phases_in_order(config: MethodConfig) -> dict[PhaseIndex, str]:
    """Return the phases of all data sets in running order, each with its name."""
    return {
        (number, position): phase.name
        for number, dataset in enumerate(config.datasets)
        for position, phase in enumerate(config.phases_on(dataset))
    }


def names_before(config: MethodConfig, position: PhaseIndex | None) -> list[str]:
    """Return the names of the phases before a position, of all for None, in running order."""
    phases = phases_in_order(config).items()
    return [name for index, name in phases if position is None or index < position]


def end_after(
    config: MethodConfig, names: Collection[str], position: PhaseIndex
) -> PhaseIndex | None:
    """Return the phase before which a run stops that runs only phases with these names.

    Args:
        config: of the method.
        names: of phases. Those that have ended may be among them.
        position: of the run, before which all phases have ended.

    Returns:
        The first phase with another name, None if all that are left have these names.

    Raises:
        ConfigError: the method has no phase of a name, or another phase comes before it.
    """
    phases = phases_in_order(config)
    left = {index: name for index, name in phases.items() if index >= position}
    end = next((index for index, name in left.items() if name not in names), None)
    reached = {name for index, name in phases.items() if end is None or index < end}
    unreached = [name for name in names if name not in reached]
    if problems := list(_problems(unreached, list(phases.values()), list(left.values()))):
        raise ConfigError(config.source, problems)
    return end


def _problems(
    unreached: Sequence[str], phases: Sequence[str], left: Sequence[str]
) -> Iterator[Problem]:
    """Yield a problem for every name that the run does not reach.

    Args:
        unreached: the names.
        phases: the names of all phases in running order.
        left: those of the phases that have not ended.
    """
    for name in unreached:
        if name not in phases:
            remedy = suggestion(name, dict.fromkeys(phases))
            yield Problem("--phases", f"the method has no phase called {name!r}", remedy)
        else:
            *before, _ = needed = list(dict.fromkeys(left[: left.index(name) + 1]))
            found = f"{name} comes after {' and '.join(before)}"
            yield Problem("--phases", found, f"write --phases {','.join(needed)}")
