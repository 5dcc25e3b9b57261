"""Successive halving: short runs of all combinations, longer ones of those that score best.

Source: Jamieson and Talwalkar, AISTATS 2016, https://arxiv.org/abs/1502.07943. The space file
states the iterations and the number of survivors of every rung.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcrf.errors import DataError
from dcrf.recombination.candidates import Candidate, Choice, changed
from dcrf.recombination.ranking import metric_of, ranked
from dcrf.recombination.results import CandidateResult, results_of
from dcrf.recombination.space import Rung, Space

Run = Callable[[Sequence[Candidate], Sequence[int]], None]
"""Runs combinations with seeds, those that have not finished yet."""


@dataclass(frozen=True, slots=True)
class RungResult:
    """The short runs of a rung.

    score: the metric by which combinations went on.
    results: of the shortened methods, the best first, those without a score last.
    kept: the choices that went on.
    notes: why there are no scores without labels.
    """

    rung: Rung
    score: str
    results: Sequence[CandidateResult]
    kept: Sequence[Choice]
    notes: Sequence[str] = ()


def halved(
    space: Space,
    candidates: Sequence[Candidate],
    run: Run,
    runs: Path,
    max_iterations: int | None = None,
) -> tuple[list[Candidate], list[RungResult]]:
    """Run all rungs; return the combinations that are left, in their order, and the rungs.

    Args:
        space: with rungs, or without any.
        candidates: its combinations, the first one first.
        run: runs combinations.
        runs: the folder of their runs.
        max_iterations: as in `candidates_of`.

    Raises:
        DataError: a short run of a rung has finished, and none has the score that decides.
    """
    left, rungs = list(candidates), []
    seeds = space.seeds[:1]
    for rung in space.rungs:
        if len(left) <= rung.keep:
            continue
        short = [shortened(space, each, rung.iterations, max_iterations) for each in left]
        run(short, seeds)
        results, notes = results_of(short, seeds, runs)
        score = space.score or metric_of(results)
        best = ranked(results, score)
        if not best and any(not result.unfinished for result in results):
            reason = "; ".join([f"no run of {rung.iterations:,} iterations has {score}", *notes])
            raise DataError(f"no combination can go on: {reason}")
        kept = [result.candidate.choice for result in best[: rung.keep]]
        if space.first not in kept:
            kept.append(space.first)
        left = [each for each in left if each.choice in kept]
        order = [*best, *(result for result in results if result not in best)]
        rungs.append(RungResult(rung, score, order, kept, notes))
    return left, rungs


def shortened(
    space: Space, candidate: Candidate, iterations: int, max_iterations: int | None = None
) -> Candidate:
    """Return a combination whose last phase ends after some iterations, if not before."""
    phase = candidate.config.phases[-1]
    own = phase.exit_criteria.get("iterations")
    if own is not None and own <= iterations:
        return candidate
    changes = {"phases": [{"name": phase.name, "exit_criteria": {"iterations": iterations}}]}
    return changed(space, candidate, changes, max_iterations)
