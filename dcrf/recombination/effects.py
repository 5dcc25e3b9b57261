"""Effects of options and interactions of slots, paired over all other choices and seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dcrf.functional.rank_tests import corrected_tests
from dcrf.recombination.results import CandidateResult, Pair
from dcrf.recombination.space import Slot

Options = tuple[tuple[str, str], ...]
"""Slots with an option of each."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The mean change of a score by options, in place of the first options of their slots.

    options: slot -> option; two of them for an interaction, whose change is that of one slot's
        change by the other slot.
    pairs: the number of paired differences.
    p: Wilcoxon's p-value, corrected by Holm over all effects of its kind; None if there are too few
        pairs to reach the level after that.
    verdict: by that p-value: `better`, `worse` or `not distinguishable`; None without one.
    pairs_needed: for verdicts.
    """

    options: Mapping[str, str]
    change: float
    pairs: int
    p: float | None
    verdict: str | None
    pairs_needed: int


def main_effects(
    slots: Sequence[Slot], results: Sequence[CandidateResult], metric: str
) -> list[Effect]:
    """Return the effect of every option but the first one of its slot.

    Two combinations are a pair if they differ in this slot only; their scores are paired by data
    set and seed. Options without a pair are absent.
    """
    table = _Table(results, metric)
    differences: dict[Options, list[float]] = {}
    for slot in slots:
        first, *others = slot.options
        for option in others:
            changed = [*table.changes({slot.name: (first, option)})]
            if changed:
                differences[(slot.name, option),] = changed
    return _tested(differences)


def interactions(
    slots: Sequence[Slot], results: Sequence[CandidateResult], metric: str
) -> list[Effect]:
    """Return the interaction of every two options that are not the first of their slots."""
    table = _Table(results, metric)
    differences: dict[Options, list[float]] = {}
    for one, other in combinations(slots, 2):
        first, *options = one.options
        other_first, *other_options = other.options
        for option in options:
            for other_option in other_options:
                pair = {one.name: (first, option), other.name: (other_first, other_option)}
                changed = [*table.changes(pair)]
                if changed:
                    differences[(one.name, option), (other.name, other_option)] = changed
    return _tested(differences)


def against_reference(results: Sequence[CandidateResult], metric: str) -> dict[str, Effect]:
    """Return method -> the change of its scores from those of the first combination.

    Scores are paired by data set and seed. p-values are corrected over all combinations.
    """
    before = results[0].scores.get(metric, {})
    differences: dict[Options, list[float]] = {}
    names = {}
    for result in results[1:]:
        own = result.scores.get(metric, {})
        choice = tuple(result.candidate.choice.items())
        if common := sorted(before.keys() & own.keys()):
            differences[choice] = [own[pair] - before[pair] for pair in common]
            names[choice] = result.candidate.name
    return dict(zip(names.values(), _tested(differences), strict=True))


class _Table:
    """The scores of combinations by their choices."""

    def __init__(self, results: Sequence[CandidateResult], metric: str) -> None:
        self.scores: dict[Options, Mapping[Pair, float]] = {
            tuple(result.candidate.choice.items()): result.scores.get(metric, {})
            for result in results
        }

    def changes(self, pairs: Mapping[str, tuple[str, str]]) -> Iterator[float]:
        """Yield the changes by options in place of others, with all other choices equal.

        Args:
            pairs: slot -> its option before and after; with two slots, the change of the change.
        """
        for choice in list(self.scores):
            before = dict(choice)
            if any(before[slot] != first for slot, (first, _) in pairs.items()):
                continue
            corners = [*self._corners(before, pairs)]
            common = set.intersection(*(set(scores) for _, scores in corners))
            for pair in sorted(common):
                yield sum(sign * scores[pair] for sign, scores in corners)

    def _corners(
        self, before: Mapping[str, str], pairs: Mapping[str, tuple[str, str]]
    ) -> Iterator[tuple[int, Mapping[Pair, float]]]:
        """Yield the scores with every subset of the slots changed, and their signs."""
        slots = [*pairs]
        for size in range(len(slots) + 1):
            for changed in combinations(slots, size):
                after = {**before, **{slot: pairs[slot][1] for slot in changed}}
                yield (-1) ** (len(slots) - size), self.scores.get(tuple(after.items()), {})


def _tested(differences: Mapping[Options, Sequence[float]]) -> list[Effect]:
    tests = corrected_tests([*differences.values()])
    return [
        Effect(
            dict(options),
            each.test.difference,
            len(values),
            each.p,
            each.verdict,
            each.pairs_needed,
        )
        for (options, values), each in zip(differences.items(), tests, strict=True)
    ]
