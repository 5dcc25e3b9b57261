"""Check the data sets that phases look at without training on them."""

from collections.abc import Iterator, Sequence
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.problem_data import has_problems
from dcrf.config.safe_lookup import enabled, names, objects, subobject, text, texts
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

Entry = dict[str, Any]


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for each that contradicts its phase: for validation and for pictures."""
    return [*_validations(nodes), *_pictures(nodes)]


def _validations(nodes: Nodes) -> Iterator[Problem]:
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
        if name in by_name:
            yield from _other_numbers(child(path, "dataset"), by_name[name], trained)
        patience, interval = entry.get("patience_iterations"), entry.get("interval")
        if isinstance(patience, int) and isinstance(interval, int) and patience < interval:
            message = f"{patience} iterations end before the first evaluation, after {interval}"
            remedy = f"write {interval} or more"
            yield Problem(child(path, "patience_iterations"), message, remedy)
        if entry.get("keep_best") is True and phase.get("keep") == "lowest_loss":
            message = "the phase keeps the parameters with the lowest_loss already"
            yield Problem(child(path, "keep_best"), message, "write false, or keep the last ones")


def _pictures(nodes: Nodes) -> Iterator[Problem]:
    data = nodes["$"].value
    datasets = enabled(data, "datasets")
    by_name = {text(dataset, "name"): dataset for _, dataset in datasets}
    for phase_path, phase in enabled(data, "phases"):
        trained = [(p, d) for p, d in datasets if text(phase, "name") in texts(d, "phases")]
        for path, entry in objects(phase, "problem_pictures", phase_path):
            dataset = by_name.get(text(entry, "dataset"))
            if dataset is None:
                continue
            yield from _other_numbers(child(path, "dataset"), dataset, trained)
            if not has_problems(dataset):
                message = f"{text(entry, 'dataset')!r} has samples, not clustering problems"
                yield Problem(child(path, "dataset"), message, "remove the pictures")


def _other_numbers(
    path: str, dataset: Entry, trained: Sequence[tuple[str, Entry]]
) -> Iterator[Problem]:
    """Report that the phase trains for another number of clusters than a data set has."""
    other = dataset.get("num_clusters")
    for _, own in trained:
        if (number := own.get("num_clusters")) != other:
            name = text(dataset, "name")
            message = f"{name!r} has num_clusters {other}, but the phase trains for {number}"
            yield Problem(path, message, f"write {number} for both")
