"""Check the validation data sets of phases."""

from collections.abc import Iterator

from dcrf.config.json_paths import child
from dcrf.config.safe_lookup import enabled, names, subobject, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every validation that contradicts its phase or its data set."""
    return list(_contradictions(nodes))


def _contradictions(nodes: Nodes) -> Iterator[Problem]:
    data = nodes["$"].value
    datasets = enabled(data, "datasets")
    by_name = {text(dataset, "name"): dataset for _, dataset in datasets}
    for phase_path, phase in enabled(data, "phases"):
        path, entry = child(phase_path, "validation"), subobject(phase, "validation")
        name = text(entry, "dataset")
        trained = [(p, d) for p, d in datasets if text(phase, "name") in texts(d, "phases")]
        if name in names(trained):
            message = f"the phase trains on {name!r}, so that it cannot validate on it"
            remedy = f"take the phase out of the phases of {name!r}, or name another data set"
            yield Problem(child(path, "dataset"), message, remedy)
        for _, dataset in trained if name in by_name else ():
            number, other = (d.get("num_clusters") for d in (dataset, by_name[name]))
            if number != other:
                message = f"{name!r} has num_clusters {other}, but the phase trains for {number}"
                yield Problem(child(path, "dataset"), message, f"write {number} for both")
        if entry.get("keep_best") is True and phase.get("keep") == "lowest_loss":
            message = "the phase keeps the parameters with the lowest_loss already"
            yield Problem(child(path, "keep_best"), message, "write false, or keep the last ones")
