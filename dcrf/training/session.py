"""An opened data set with the method that trains on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcrf.errors import DataError
from dcrf.training.interfaces import DataSource, Evaluator
from dcrf.training.method import Method
from dcrf.training.plans import DatasetPlan


@dataclass(frozen=True)
class DatasetSession:
    """An opened data set with the method and the evaluator that its phases share.

    number: position of the data set in the run, from 0.
    reclustering_evaluators: by name of the reclustering.
    """

    number: int
    plan: DatasetPlan
    source: DataSource
    method: Method
    evaluator: Evaluator
    reclustering_evaluators: Mapping[str, Evaluator]

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the method and the fingerprint of the data."""
        return {
            "fingerprint": dict(self.source.fingerprint()),
            "method": self.method.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result.

        Raises:
            DataError: the data have changed since then.
        """
        if changes := self.source.changes_since(state["fingerprint"]):
            raise DataError(f"the data have changed since the run began: {'; '.join(changes)}")
        self.method.load_state_dict(state["method"])
