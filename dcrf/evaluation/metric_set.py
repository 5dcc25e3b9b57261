"""The metrics of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dcrf.evaluation.metrics.base import Metric

NamedMetrics = Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class MetricSet:
    """Metrics by name.

    default: of every evaluation. On data without labels, those of features take the place of those
        against labels.
    requested: of every evaluation for which the data have what the metric needs.
    """

    default: NamedMetrics
    requested: NamedMetrics = field(default_factory=dict)

    @property
    def of_labels(self) -> NamedMetrics:
        """The metrics of data with labels that compare clusters with them."""
        return _that_need("labels", {**self.default, **self.requested})

    @property
    def unscored(self) -> NamedMetrics:
        """The default metrics that data without labels do not have."""
        return _that_need("labels", self.default)

    def of_features(self, *, has_labels: bool) -> NamedMetrics:
        """Return the metrics that are computed from features."""
        return _that_need("features", {**({} if has_labels else self.default), **self.requested})

    def left_out(self) -> list[str]:
        """Return the names of the requested metrics that data without labels do not have."""
        return [*_that_need("labels", self.requested)]


def _that_need(need: str, metrics: NamedMetrics) -> NamedMetrics:
    return {name: metric for name, metric in metrics.items() if metric.needs == need}
