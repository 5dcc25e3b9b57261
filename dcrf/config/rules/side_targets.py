"""Check that patterns that learn from side targets run only on data sets that have some."""

from collections.abc import Iterator

from dcrf.config.safe_lookup import enabled, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every pattern that would get no targets on a data set."""
    return list(_without_targets(nodes))


def _without_targets(nodes: Nodes) -> Iterator[Problem]:
    data = nodes["$"].value
    for phase_path, phase in enabled(data, "phases"):
        missing = [
            dataset.get("name")
            for _, dataset in enabled(data, "datasets")
            if text(phase, "name") in texts(dataset, "phases") and "side_targets" not in dataset
        ]
        for path, _ in enabled(phase, "design_patterns", phase_path):
            if missing and nodes[path].keywords.get("x-batch") == "targets":
                message = f"it learns from side targets, but data set {missing[0]!r} has none"
                remedy = "add side_targets to the data set, or take the phase out of its phases"
                yield Problem(path, message, remedy)
