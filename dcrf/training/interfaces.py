"""The data sources and evaluators that training works with, as protocols."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

from torch import Tensor

from dcrf.batch import Batch, Clock, DatasetPass, SampleFacts, SideTargets
from dcrf.evaluation.evaluator import Evaluation
from dcrf.evaluation.metrics.base import Labels


class DataSource(Protocol):
    """Batches of a data set.

    n_samples: N, of the whole data set.
    notes: sentences about the data for the log.
    facts: for results.
    """

    n_samples: int
    notes: tuple[str, ...]
    facts: SampleFacts

    def batches(
        self,
        views: Collection[str] = (),
        purpose: str = "",
        done: int = 0,
        clusters_of: Callable[[int], Tensor | None] = ...,
        /,
    ) -> Iterator[tuple[Clock, Batch]]:
        """Yield batches with these named views, without the first `done` of them.

        `clusters_of` maps an epoch that starts to the cluster (N,) of each sample, -1 without one,
        or to None while samples cannot be assigned. Only some samplings call it.
        """
        ...

    def companions(
        self, purpose: str, clock: Clock, indices: Tensor, view: str | None, /
    ) -> Tensor:
        """Return (n, m, *sample_shape): the samples at indices (n, m), in the view or the default.

        Random views are drawn anew for each purpose and iteration.
        """
        ...

    def side_targets(self, indices: Tensor, /) -> SideTargets:
        """Return the side targets of the samples at (n,) int64 indices."""
        ...

    def data_pass(self, function: Callable[[Batch], Tensor], indices: Tensor, /) -> Tensor:
        """Return (m, ...): `function` of the samples at (m,) int64 indices, without gradient."""
        ...

    def labels(self) -> Labels | None:
        """Return (N,) integers for the evaluator, None without labels."""
        ...

    def fingerprint(self) -> Mapping[str, Any]:
        """Return plain values that identify the data, for checkpoints."""
        ...

    def changes_since(self, fingerprint: Mapping[str, Any], /) -> list[str]:
        """Return a phrase for each change of the data since `fingerprint`, which a resume bars."""
        ...


class Evaluator(Protocol):
    """Evaluates the clusters of one data set.

    clusters: (N,) of the last evaluation, None before it.
    """

    clusters: Labels | None

    @property
    def has_labels(self) -> bool:
        """Whether the data set has labels."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about this data set's evaluations for the log."""
        ...

    def start_phase(self) -> None:
        """Forget the clusters of the phase before."""
        ...

    def why_not_ready(self) -> str | None:
        """Return why samples cannot be assigned yet, None if they can."""
        ...

    def evaluate(self, data_pass: DatasetPass, /) -> Evaluation:
        """Assign and score every sample."""
        ...

    def score_candidates(self, data_pass: DatasetPass, /) -> None:
        """Let the scores of parts that assign samples choose among them from now on."""
        ...

    def state_dict(self) -> Mapping[str, Any]:
        """Return the state that a checkpoint keeps."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Restore `state_dict`'s result."""
        ...
