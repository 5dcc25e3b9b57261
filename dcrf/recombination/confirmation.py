"""Confirm the best combinations on seeds and data that the search has not seen."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from dcrf.errors import ConfigError
from dcrf.functional.paired_tests import PairedTest, paired_test
from dcrf.functional.rank_tests import holm
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
    test: of its ACC less that of the combination with which it is compared; None for the first
        combination, and without a common score.
    p: Wilcoxon's p-value by Holm over all combinations that are compared; None if there are too few
        pairs for any verdict.
    """

    name: str
    choice: Choice
    results: Mapping[str, CandidateResult]
    test: PairedTest | None = None
    p: float | None = None


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
        try:
            ablations[name] = combination(space, choice, max_iterations)
        except ConfigError:  # the method needs the entry
            continue
    return main, ablations


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
    tests: dict[str, PairedTest] = {}
    for name, own in scores.items():
        reference = best if name in ablations else FIRST
        other = scores[reference]
        common = sorted(own.keys() & other.keys())
        if common and choices[name] != choices[reference]:
            tests[name] = paired_test([own[key] - other[key] for key in common])
    decided = [name for name, test in tests.items() if test.verdict is not None]
    corrected = dict(zip(decided, holm([tests[name].wilcoxon for name in decided]), strict=True))
    for name, results in by_name.items():
        yield Confirmed(name, choices[name], results, tests.get(name), corrected.get(name))


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
