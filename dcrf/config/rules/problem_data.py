"""Check that clustering problems and the parts that need them go together."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from dcrf.config.json_paths import child
from dcrf.config.problem_data import PROBLEMS, has_problems, is_problem_source
from dcrf.config.safe_lookup import enabled, objects, subobject, text
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import DESIGN_PATTERNS, METRICS, STRATEGIES

_OF_SAMPLES = ("transforms", "steps", "batch_augmentations")
"""Keys of data sets that are about samples that a source reads."""
_CRITERION = "performance_evaluation_"
_TO_PROBLEMS = (
    "take a data set of clustering problems: the source 2d_shapes, or add class_problems to one "
    "with labels"
)


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every part that gets problems in place of samples, or samples."""
    data = nodes["$"].value
    datasets = enabled(data, "datasets")
    with_problems = [(path, dataset) for path, dataset in datasets if has_problems(dataset)]
    if not with_problems:
        return list(_parts_without_problems(nodes))
    return [
        *_datasets_without_problems(datasets),
        *_parts_that_need_samples(nodes),
        *_meaningless_keys(nodes, with_problems),
        *_shared_classes(with_problems),
        *_scores_of_features(nodes),
    ]


def _parts_without_problems(nodes: Nodes) -> Iterator[Problem]:
    for node in _parts(nodes):
        if node.keywords.get("x-batch") == PROBLEMS:
            message = "it needs clustering problems, but no data set has any"
            yield Problem(node.path, message, _TO_PROBLEMS)


def _datasets_without_problems(datasets: list[tuple[str, dict[str, Any]]]) -> Iterator[Problem]:
    for path, dataset in datasets:
        if not has_problems(dataset):
            message = "other data sets have clustering problems, but this one has samples"
            yield Problem(path, message, f"{_TO_PROBLEMS}, or take it out of the method")


def _parts_that_need_samples(nodes: Nodes) -> Iterator[Problem]:
    for node in _parts(nodes):
        if node.keywords.get("x-batch") != PROBLEMS:
            is_pattern = text(node.value, "pattern") is not None
            schemas = (DESIGN_PATTERNS if is_pattern else STRATEGIES).schemas
            able = [stem for stem in schemas if schemas[stem].get("x-batch") == PROBLEMS]
            kind = "pattern" if is_pattern else "strategy"
            message = f"the data sets have clustering problems, which this {kind} does not take"
            yield Problem(node.path, message, f"take one of these: {', '.join(able)}")
    for path, _ in objects(nodes["$"].value, "reclusterings"):
        message = "clusterings of features do not run on clustering problems"
        yield Problem(path, message, "remove it")


def _parts(nodes: Nodes) -> Iterator[Node]:
    """Yield the strategy and the enabled patterns whose names are known."""
    if text(subobject(nodes["$"].value, "cluster_assignment_strategy"), "type") in STRATEGIES.stems:
        yield nodes["$.cluster_assignment_strategy"]
    for phase_path, phase in enabled(nodes["$"].value, "phases"):
        for path, pattern in enabled(phase, "design_patterns", phase_path):
            if text(pattern, "pattern") in DESIGN_PATTERNS.stems:
                yield nodes[path]


def _meaningless_keys(
    nodes: Nodes, datasets: list[tuple[str, dict[str, Any]]]
) -> Iterator[Problem]:
    """Report keys that would have no effect."""
    for path, dataset in datasets:
        keys = ["side_targets"]
        if is_problem_source(dataset.get("source")):
            keys += [*_OF_SAMPLES, "class_problems"]
        for key in keys:
            if dataset.get(key):
                message = "a data set of clustering problems has no use for it"
                yield Problem(child(path, key), message, "remove it")


def _scores_of_features(nodes: Nodes) -> Iterator[Problem]:
    """Report metrics of features that decide something: clustering problems have no scores."""
    remedy = "name a metric of known clusters"
    for metric in (m for m, schema in METRICS.schemas.items() if schema["x-needs"] == ["features"]):
        message = f"{metric} needs features, which clustering problems do not have"
        keys = {f"{_CRITERION}{metric}_gt", f"{_CRITERION}{metric}_lt_after_iterations"}
        for path, phase in enabled(nodes["$"].value, "phases"):
            for key in sorted(keys & subobject(phase, "exit_criteria").keys()):
                yield Problem(child(child(path, "exit_criteria"), key), message, remedy)
            if text(subobject(phase, "validation"), "metric") == metric:
                yield Problem(child(child(path, "validation"), "metric"), message, remedy)


def _shared_classes(datasets: list[tuple[str, dict[str, Any]]]) -> Iterator[Problem]:
    """Report classes that two data sets of the same samples share."""
    declared = [
        (path, dataset, classes)
        for path, dataset in datasets
        if (classes := _classes(dataset)) is not None
    ]
    for (_, first, earlier), (path, second, later) in combinations(declared, 2):
        shared = sorted(earlier & later)
        if shared and _samples(first) == _samples(second):
            message = (
                f"the class {shared[0]} is also one of data set {first.get('name')!r}: results "
                "would not be those on unseen classes"
            )
            yield Problem(f"{path}.class_problems", message, "give each data set its own classes")


def _classes(dataset: dict[str, Any]) -> set[int] | None:
    """Return the classes that a data set declares; None if it declares none."""
    options = dataset.get("class_problems")
    if not isinstance(options, dict):
        return None
    classes, ends = options.get("classes"), (options.get("first_class"), options.get("last_class"))
    if isinstance(classes, list):
        return {label for label in classes if isinstance(label, int)}
    first, last = ends
    if isinstance(first, int) and isinstance(last, int):
        return set(range(first, last + 1))
    return None


def _samples(dataset: dict[str, Any]) -> list[Any]:
    """Return what says whether two data sets have the same samples."""
    return [dataset.get(key) for key in ("source", "dataset", "path", "root")]
