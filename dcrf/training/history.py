"""The results of a run so far."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dcrf.reporting.records import DatasetRecord, PhaseRecord, ReclusteringRecord
from dcrf.training.timing import Durations


@dataclass(slots=True)
class RunHistory:
    """The finished phases and data sets of a run, in order, also after a failure.

    durations: seconds by `<data set>/<part>`, apart from the records, which are reproducible.
    """

    datasets: list[DatasetRecord] = field(default_factory=list)
    phases: list[PhaseRecord] = field(default_factory=list)
    reclusterings: list[ReclusteringRecord] = field(default_factory=list)
    durations: Durations = field(default_factory=Durations)

    def state_dict(self) -> dict[str, Any]:
        """Return records and durations as plain values."""
        return {
            "datasets": [asdict(record) for record in self.datasets],
            "phases": [asdict(record) for record in self.phases],
            "reclusterings": [asdict(record) for record in self.reclusterings],
            "durations": self.durations.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict`'s result."""
        self.datasets = [DatasetRecord.from_plain(record) for record in state["datasets"]]
        self.phases = [PhaseRecord(**record) for record in state["phases"]]
        self.reclusterings = [ReclusteringRecord(**record) for record in state["reclusterings"]]
        self.durations.load_state_dict(state["durations"])
