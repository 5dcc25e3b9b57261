"""Build the metrics of a method."""

from collections.abc import Iterable

from dcrf.builder.optimizers import build_exit_criteria
from dcrf.config.method_config import MethodConfig
from dcrf.evaluation.metric_set import MetricSet
from dcrf.evaluation.metrics.base import Metric
from dcrf.schema.default_metrics import default_metrics
from dcrf.schema.registry import METRICS
from dcrf.training.exit_criteria import metrics_of


def requested_metrics(config: MethodConfig) -> list[str]:
    """Return the names of the metrics that a method asks for, or ends phases by."""
    criteria = (c for phase in config.phases for c in build_exit_criteria(phase.exit_criteria))
    validated = [p.validation["metric"] for p in config.phases if p.validation is not None]
    against_labels = default_metrics("labels")
    deciding = [*metrics_of(criteria), *validated]
    others = [name for name in deciding if name not in against_labels]
    return [*dict.fromkeys([*config.metrics, *others])]


def build_metrics(requested: Iterable[str] = ()) -> MetricSet:
    """Build the default metrics, and those of requested names."""
    default = (*default_metrics("labels"), *default_metrics("features"))
    return MetricSet(_built(default), _built(requested))


def _built(names: Iterable[str]) -> dict[str, Metric]:
    return {name: METRICS.resolve(name)() for name in names}
