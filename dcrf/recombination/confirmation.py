"""Confirm the best combinations on seeds and data that the search has not seen."""

from collections.abc import Iterator, Mapping
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
_WITHOUT = "without "


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
) -> dict[str, Candidate]:
    """Return what is confirmed: the best combinations, the first one, and the leave-one-out ones.

    Args:
        space: of the combinations.
        best: name -> combination, the one first whose entries are left out one by one.
        max_iterations: as in `candidates_of`.
    """
    confirmed = {FIRST: combination(space, space.first, max_iterations), **best}
    winner = next(iter(best.values()))
    for choice, slot in _left_out(space, winner.choice):
        try:
            confirmed[f"{_WITHOUT}{slot}"] = combination(space, choice, max_iterations)
        except ConfigError:  # the method needs the entry
            continue
    return confirmed


def confirm(
    space: Space,
    chosen: Mapping[str, Candidate],
    run: Run,
    runs: Path,
    max_iterations: int | None = None,
) -> list[Confirmed]:
    """Run combinations on the settings of the confirmation, and compare them.

    The best ones are compared with the first combination, and those without an entry with the best
    one, over all settings, data sets and seeds.

    Args:
        space: with a confirmation.
        chosen: of `to_confirm`.
        run: runs combinations.
        runs: the folder of their runs.
        max_iterations: as in `candidates_of`.

    Raises:
        ConfigError: a combination is not a method that runs with a setting.
    """
    assert space.confirmation is not None
    seeds, options = space.confirmation.seeds, space.confirmation.options
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
    return list(confirmed_of(by_name, choices))


def confirmed_of(
    by_name: Mapping[str, Mapping[str, CandidateResult]], choices: Mapping[str, Choice]
) -> Iterator[Confirmed]:
    """Yield every combination with its comparison.

    Args:
        by_name: name -> setting -> its results; `FIRST`, the best ones, then those without entries.
        choices: name -> choice.
    """
    scores = {name: _scores(results, METRICS[0]) for name, results in by_name.items()}
    best = next(name for name in scores if name != FIRST)
    tests: dict[str, PairedTest] = {}
    for name, own in scores.items():
        other = scores[best if name.startswith(_WITHOUT) else FIRST]
        common = sorted(own.keys() & other.keys())
        if name != FIRST and common and choices[name] != choices[FIRST]:
            tests[name] = paired_test([own[key] - other[key] for key in common])
    decided = [name for name, test in tests.items() if test.verdict is not None]
    corrected = dict(zip(decided, holm([tests[name].wilcoxon for name in decided]), strict=True))
    for name, results in by_name.items():
        yield Confirmed(name, choices[name], results, tests.get(name), corrected.get(name))


def _left_out(space: Space, choice: Choice) -> Iterator[tuple[Choice, str]]:
    """Yield the combination without each removable entry that it has, and the name of its slot."""
    for slot in space.slots:
        present, without, *_ = slot.options
        if slot.is_removable and choice[slot.name] == present:
            yield {**choice, slot.name: without}, slot.name


def _scores(results: Mapping[str, CandidateResult], metric: str) -> dict[tuple[str, Pair], float]:
    """Return setting, data set and seed -> score."""
    return {
        (setting, pair): value
        for setting, result in results.items()
        for pair, value in result.scores.get(metric, {}).items()
    }
