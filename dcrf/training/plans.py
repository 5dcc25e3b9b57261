"""What is to be run: data sets and their phases, each made when its turn comes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dcrf.batch import DatasetPass
from dcrf.data.data_source import DataSource
from dcrf.evaluation.evaluator import Evaluator, Labels
from dcrf.training.method import Method
from dcrf.training.phase import Phase


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A phase of a data set, to be made when its turn comes.

    prepare: loads parameters, initializes centroids.
    make: builds patterns, optimizers and hooks for the method as it is then.
    max_iterations: None where the end is open.
    loads_files: whether `prepare` reads files, which may change while the phase runs.
    """

    name: str
    prepare: Callable[[Method, DatasetPass], None]
    make: Callable[[Method, DatasetPass, Evaluator], Phase]
    max_iterations: int | None
    loads_files: bool = False


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """A data set of a method, to be opened when its turn comes.

    make_method: builds the method anew.
    keeps_method: goes on with the method of the data set before, where there is one.
    finish: saves what is to be kept of the method, and the clusters (n,) if there are any.
    """

    name: str
    open: Callable[[], DataSource]
    make_method: Callable[[], Method]
    keeps_method: bool
    phases: Sequence[PhasePlan]
    finish: Callable[[Method, Labels | None], None]
