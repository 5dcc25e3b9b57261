"""The data sets and phases of a run, as functions that build them in their turn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dcrf.batch import DatasetPass
from dcrf.evaluation.evaluator import Labels
from dcrf.training.interfaces import DataSource, Evaluator
from dcrf.training.method import Method
from dcrf.training.phase import Phase


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A phase on a data set, built when it begins.

    prepare: loads parameters and initializes parts.
    make: builds patterns, optimizers and hooks for the method in its present state.
    max_iterations: None if no exit criterion counts iterations.
    loads_files: whether `prepare` reads files, which may change while the phase runs.
    epochs: at which it ends, None if no exit criterion counts epochs.
    may_end_earlier: whether it has exit criteria that count neither.
    """

    name: str
    prepare: Callable[[Method, DatasetPass], None]
    make: Callable[[Method, DatasetPass, Evaluator], Phase]
    max_iterations: int | None
    loads_files: bool = False
    epochs: int | None = None
    may_end_earlier: bool = False


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """A data set of a run, opened when its phases begin.

    n_clusters: the number that is asked for; methods that find a number may find another one.
    make_method: builds a new method.
    keeps_method: whether to train the method of the data set before, if any.
    save_clusters: saves the clusters of a reclustering, by its name, with the ids of samples.
    finish_phase: saves what is kept of a phase, by its name.
    finish: saves the trained method, and its clusters (n,) if it has assigned any.
    """

    name: str
    n_clusters: int
    open: Callable[[], DataSource]
    make_method: Callable[[], Method]
    make_evaluator: Callable[[Method, DataSource], Evaluator]
    make_reclustering_evaluators: Callable[[Method, DataSource], Mapping[str, Evaluator]]
    keeps_method: bool
    phases: Sequence[PhasePlan]
    save_clusters: Callable[[str, Labels | None, Sequence[str] | None], None]
    finish_phase: Callable[[str, Method, DataSource], None]
    finish: Callable[[Method, Labels | None, DataSource], None]
