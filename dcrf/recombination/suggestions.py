"""Combinations one after another, each suggested by the scores of those before.

Source: the tree-structured Parzen estimator, Bergstra et al., NeurIPS 2011,
https://papers.nips.cc/paper/4443, by Optuna.
"""

from pathlib import Path
from typing import Any

from dcrf.errors import ConfigError
from dcrf.extras import optional_package
from dcrf.recombination.candidates import (
    Candidate,
    Candidates,
    Choice,
    combination,
    reason_of,
)
from dcrf.recombination.halving import Run
from dcrf.recombination.ranking import is_larger_better, metric_of, score_of
from dcrf.recombination.results import results_of
from dcrf.recombination.space import Space

_ATTEMPTS = 10  # for each combination that is wanted


def suggested(space: Space, run: Run, runs: Path, max_iterations: int | None = None) -> Candidates:
    """Run the first combination and those that are suggested after it; return them.

    Equal seeds and scores give equal suggestions, so that a search continues with the runs that
    have finished. It ends early if hardly any suggestion is new and valid.

    Args:
        space: with a number.
        run: runs combinations.
        runs: the folder of their runs.
        max_iterations: as in `candidates_of`.

    Raises:
        DataError: Optuna is not installed.
        ConfigError: the first combination is not a method that runs.
    """
    number = 1 + (space.number or 0)
    study = _Study(space)
    found: dict[str, Candidate] = {}
    scores: dict[str, float | None] = {}
    invalid: dict[tuple[str, ...], tuple[Choice, str]] = {}
    equal: set[tuple[str, ...]] = set()
    for _ in range(number * _ATTEMPTS):
        trial, choice = study.ask()
        try:
            candidate = combination(space, choice, max_iterations)
        except ConfigError as error:
            if not found:
                raise
            study.tell(trial, None)
            invalid[tuple(choice.values())] = choice, reason_of(error)
            continue
        if candidate.name in found:
            if found[candidate.name].choice != choice:
                equal.add(tuple(choice.values()))
        else:
            found[candidate.name] = candidate
            run([candidate], space.seeds)
            (result,), _ = results_of([candidate], space.seeds, runs)
            metric = space.score or metric_of([result])
            study.is_larger_better = is_larger_better(metric)
            scores[candidate.name] = score_of(result, metric)
        study.tell(trial, scores[candidate.name])
        if len(found) == number:
            break
    return Candidates(list(found.values()), len(equal), list(invalid.values()))


class _Study:
    """Asks Optuna for choices, the first combination first.

    is_larger_better: how scores compare.
    """

    def __init__(self, space: Space) -> None:
        optuna = optional_package("optuna", "optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=space.draw_seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._study.enqueue_trial(space.first)
        self._failed = optuna.trial.TrialState.FAIL
        categorical = optuna.distributions.CategoricalDistribution
        self._options = {slot.name: categorical([*slot.options]) for slot in space.slots}
        self.is_larger_better = True

    def ask(self) -> tuple[Any, Choice]:
        """Return a trial and its choice."""
        trial = self._study.ask(self._options)
        return trial, {name: trial.params[name] for name in self._options}

    def tell(self, trial: Any, score: float | None) -> None:
        """Tell the score of a trial; None if it has none."""
        if score is None:
            self._study.tell(trial, state=self._failed)
        else:
            self._study.tell(trial, score if self.is_larger_better else -score)
