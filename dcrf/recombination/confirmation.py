"""Confirm the best combinations on seeds and data that the search has not seen."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from dcrf.config.json_paths import child
from dcrf.errors import ConfigError, Problem
from dcrf.functional.rank_tests import Corrected, corrected_tests
from dcrf.recombination.candidates import Candidate, Choice, changed, combination
from dcrf.recombination.halving import Run
from dcrf.recombination.results import CandidateResult, Pair, results_of
from dcrf.recombination.space import Space
from dcrf.reporting.comparison import METRICS

FIRST = "the first combination"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A combination on what the search has not seen.

    name: what it is, such as `best by ACC`, or `without entropy`.
    results: setting -> the scores of its runs.
    compared: the test of its ACC less that of the combination with which it is compared, corrected
        over all that are; None for the first combination, and without a common score.
    """

    name: str
    choice: Choice
    results: Mapping[str, CandidateResult]
    compared: Corrected | None = None


def to_confirm(
    space: Space, best: Mapping[str, Candidate], max_iterations: int | None = None
) -> tuple[dict[str, Candidate], dict[str, Candidate]]:
    """Return the first combination and the best ones, and the ablations of the first best one.

    An ablation leaves one removable entry out, or puts one slot back to its first option.

    Args:
        space: of the combinations.
        best: name -> combination.
        max_iterations: as in `candidates_of`.
    """
    main = {FIRST: combination(space, space.first, max_iterations), **best}
    winner = next(iter(best.values()))
    ablations = {}
    for name, choice in _ablations(space, winner.choice):
        if choice == space.first:  # it is there already
            continue
        try:
            ablations[name] = combination(space, choice, max_iterations)
        except ConfigError:  # the method needs the entry
            continue
    return main, ablations


def check_settings(space: Space, max_iterations: int | None = None) -> None:
    """Check that the first combination is a method that runs with every setting.

    Raises:
        ConfigError: it is not; the problems name the settings.
    """
    if space.confirmation is None:
        return
    first = combination(space, space.first, max_iterations)
    problems: list[Problem] = []
    for name, changes in space.confirmation.options.items():
        try:
            changed(space, first, changes, max_iterations)
        except ConfigError as error:
            path = child("$.confirmation.options", name)
            problems += [Problem(path, f"{p.path}: {p.found}", p.remedy) for p in error.problems]
    if problems:
        raise ConfigError(space.source, problems)


def confirm(
    space: Space,
    main: Mapping[str, Candidate],
    ablations: Mapping[str, Candidate],
    run: Run,
    runs: Path,
    max_iterations: int | None = None,
) -> list[Confirmed]:
    """Run combinations on the settings of the confirmation, and compare them.

    The best ones are compared with the first combination, and ablations with the first best one,
    over all settings, data sets and seeds.

    Args:
        space: with a confirmation.
        main: the first combination and the best ones.
        ablations: of the first best one.
        run: runs combinations.
        runs: the folder of their runs.
        max_iterations: as in `candidates_of`.

    Raises:
        ConfigError: a combination is not a method that runs with a setting.
    """
    assert space.confirmation is not None
    seeds, options = space.confirmation.seeds, space.confirmation.options
    chosen = {**main, **ablations}
    methods = {
        (name, setting): changed(space, candidate, changes, max_iterations)
        for name, candidate in chosen.items()
        for setting, changes in options.items()
    }
    run([*methods.values()], seeds)
    results, _ = results_of([*methods.values()], seeds, runs)
    by_name: dict[str, dict[str, CandidateResult]] = {}
    for (name, setting), result in zip(methods, results, strict=True):
        by_name.setdefault(name, {})[setting] = result
    choices = {name: candidate.choice for name, candidate in chosen.items()}
    return list(confirmed_of(by_name, choices, {*ablations}))


def confirmed_of(
    by_name: Mapping[str, Mapping[str, CandidateResult]],
    choices: Mapping[str, Choice],
    ablations: Set[str],
) -> Iterator[Confirmed]:
    """Yield every combination with its comparison.

    Args:
        by_name: name -> setting -> its results; `FIRST`, the best ones, then the ablations.
        choices: name -> choice.
        ablations: the names that are compared with the first best one.
    """
    scores = {name: _scores(results, METRICS[0]) for name, results in by_name.items()}
    best = next(name for name in scores if name != FIRST)
    differences: dict[str, list[float]] = {}
    for name, own in scores.items():
        reference = best if name in ablations else FIRST
        other = scores[reference]
        common = sorted(own.keys() & other.keys())
        if common and choices[name] != choices[reference]:
            differences[name] = [own[key] - other[key] for key in common]
    tests = dict(zip(differences, corrected_tests([*differences.values()]), strict=True))
    for name, results in by_name.items():
        yield Confirmed(name, choices[name], results, tests.get(name))


def _ablations(space: Space, choice: Choice) -> Iterator[tuple[str, Choice]]:
    """Yield the names and choices that differ from a choice in one slot."""
    for slot in space.slots:
        first, second, *_ = slot.options
        if choice[slot.name] != first:
            yield f"{slot.name}: {first}", {**choice, slot.name: first}
        elif slot.is_removable:
            yield f"without {slot.name}", {**choice, slot.name: second}


def _scores(results: Mapping[str, CandidateResult], metric: str) -> dict[tuple[str, Pair], float]:
    """Return setting, data set and seed -> score."""
    return {
        (setting, pair): value
        for setting, result in results.items()
        for pair, value in result.scores.get(metric, {}).items()
    }
