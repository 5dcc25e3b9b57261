"""Compare methods by the scores of their finished runs: statistics over seeds."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from dcrf.errors import counted
from dcrf.reporting.records import DatasetRecord, Outcome
from dcrf.reporting.scores import heading, scores_of
from dcrf.schema.default_metrics import default_metrics

METRICS = default_metrics("labels")
"""The compared scores. Of all of them, larger values are better."""

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class MethodRuns:
    """The runs of a method with the same settings.

    name: of the method, unique in a table.
    outcomes: seed -> how its run has ended; all are `ok`.
    unfinished: the runs that have not ended with `ok`, each in words.
    data: name of a data set -> a digest of what it reads; data sets of one name with different
        digests are different ones.
    is_trained: whether the method trains; classical clusterings do not.
    folders: seed and name of a data set -> the run folder with its result.
    """

    name: str
    outcomes: Mapping[int, Outcome]
    unfinished: Sequence[str] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    is_trained: bool = True
    folders: Mapping[tuple[int, str], Path] = field(default_factory=dict)

    @property
    def records(self) -> Iterator[tuple[int, DatasetRecord]]:
        """The final record of every data set of every run, with the seed."""
        for seed, outcome in self.outcomes.items():
            for record in outcome.datasets:
                yield seed, record

    @property
    def is_label_informed(self) -> bool:
        """Whether labels influenced a result."""
        return any(outcome.label_informed for outcome in self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Scores of methods on data sets.

    methods: their names, in the order of the rows.
    datasets: their names, in the order of the columns.
    values: method, data set and metric -> seed -> score; absent without any.
    best: method, data set and metric of the best means, those that are equal after rounding too.
    n: the most frequent number of scores over which a mean is taken, 0 without any.
    informed: names of the methods whose results labels influenced.
    left_out: data set -> method -> the seeds that `values` lacks because other methods lack them.
    """

    methods: Sequence[str]
    datasets: Sequence[str]
    values: Mapping[tuple[str, str, str], Mapping[int, float]]
    best: frozenset[tuple[str, str, str]]
    n: int
    informed: frozenset[str] = frozenset()
    left_out: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)

    @property
    def unsupervised(self) -> list[str]:
        """The methods whose results labels did not influence, and that have scores."""
        scored = {method for method, _, _ in self.values}
        return [name for name in self.methods if name in scored - self.informed]


@dataclass(frozen=True, slots=True)
class Difference:
    """A method's scores less those of the baseline, paired by seed.

    pairs: their number.
    mean: of the differences; None without a pair.
    wilcoxon, t: p-values, None if a test is not defined.
    verdict: `better`, `worse`, `not distinguishable`, or why there is none.
    """

    pairs: int
    mean: float | None
    wilcoxon: float | None
    t: float | None
    verdict: str

    def sentence(self, baseline: str) -> str:
        """Return `better than k_means (+0.076, 6 pairs, Wilcoxon p = 0.031, t-test p = 0.002)`."""
        links = {"better": "than", "worse": "than", "not distinguishable": "from"}
        link = f" {links[self.verdict]} {baseline}" if self.verdict in links else ""
        values = {"Wilcoxon p": self.wilcoxon, "t-test p": self.t}
        facts = [
            *([] if self.mean is None else [f"{self.mean:+.3f}"]),
            counted(self.pairs, "pair"),
            *(f"{name} = {p:.3f}" for name, p in values.items() if p is not None),
        ]
        return f"{self.verdict}{link} ({', '.join(facts)})"


Differences = Mapping[tuple[str, str, str], Difference]
"""Method, data set and metric -> how the method differs from the baseline."""


def compare(methods: Sequence[MethodRuns], *, common_seeds: bool = False) -> Comparison:
    """Compare methods. One whose results labels influenced is never the best.

    Args:
        methods: with unique names.
        common_seeds: whether the scores of a data set are those of the seeds that all methods have
            there, apart from methods without any score on it.
    """
    datasets = _dataset_names(methods)
    values: dict[tuple[str, str, str], dict[int, float]] = {}
    for method in methods:
        for seed, record in method.records:
            scores = scores_of(record.evaluation) if record.evaluation else {}
            for metric in METRICS:
                score = scores.get(metric)
                if score is not None:
                    key = method.name, datasets[_data_of(method, record)], metric
                    values.setdefault(key, {})[seed] = score
    left_out = _leave_out_other_seeds(values) if common_seeds else {}
    informed = frozenset(method.name for method in methods if method.is_label_informed)
    numbers = Counter(len(scores) for scores in values.values())
    return Comparison(
        [method.name for method in methods],
        list(dict.fromkeys(datasets.values())),
        values,
        _best({key: own for key, own in values.items() if key[0] not in informed}),
        max(numbers, key=lambda n: (numbers[n], n), default=0),
        informed,
        left_out,
    )


def _leave_out_other_seeds(
    values: dict[tuple[str, str, str], dict[int, float]],
) -> dict[str, dict[str, list[int]]]:
    """Remove the scores of seeds that not all methods have on a data set; return these seeds."""
    left_out: dict[str, dict[str, list[int]]] = {}
    for dataset, by_method in _seeds(values).items():
        common = set.intersection(*by_method.values())
        others = {method: sorted(own - common) for method, own in by_method.items()}
        if any(others.values()):
            left_out[dataset] = others
    for key, scores in list(values.items()):
        method, dataset, _ = key
        for seed in left_out.get(dataset, {}).get(method, ()):
            scores.pop(seed, None)
        if not scores:
            del values[key]
    return left_out


def _seeds(
    values: Mapping[tuple[str, str, str], Mapping[int, float]],
) -> dict[str, dict[str, set[int]]]:
    """Return data set -> method -> the seeds of its scores there."""
    seeds: dict[str, dict[str, set[int]]] = {}
    for (method, dataset, _), scores in values.items():
        seeds.setdefault(dataset, {}).setdefault(method, set()).update(scores)
    return seeds


def can_be_ranked(comparison: Comparison) -> bool:
    """Whether there are three methods and two data sets, so that a reader expects ranks."""
    datasets = {dataset for _, dataset, _ in comparison.values}
    return len(comparison.unsupervised) > 2 and len(datasets) > 1  # noqa: PLR2004


class _Data(NamedTuple):
    """Tells data sets of one name apart: by their number of samples, and by what they read."""

    name: str
    size: int | None
    digest: str | None


def _data_of(method: MethodRuns, record: DatasetRecord) -> _Data:
    size = record.evaluation["n_samples"] if record.evaluation else None
    return _Data(record.dataset, size, method.data.get(record.dataset))


def _dataset_names(methods: Sequence[MethodRuns]) -> dict[_Data, str]:
    """Return the heading of each data set: its name, with size or number if others share it."""
    sizes: dict[str, set[int]] = {}
    data = list(dict.fromkeys(_data_of(m, record) for m in methods for _, record in m.records))
    for name, size, _ in data:
        sizes.setdefault(name, set()).update(set() if size is None else {size})
    names: dict[_Data, str] = {}
    numbers: Counter[str] = Counter()
    for own in data:
        many = len(sizes[own.name]) > 1 and own.size
        title = f"{own.name} (n={own.size})" if many else own.name
        numbers[title] += 1
        number = numbers[title]
        names[own] = title if number == 1 else f"{title} ({number})"
    return names


def _best(
    values: Mapping[tuple[str, str, str], Mapping[int, float]],
) -> frozenset[tuple[str, str, str]]:
    """Return the keys of the best means of each data set and metric that several methods have."""
    columns: dict[tuple[str, str], dict[tuple[str, str, str], float]] = {}
    for key, scores in values.items():
        columns.setdefault(key[1:], {})[key] = round(mean(scores.values()), _DIGITS)
    return frozenset(
        key
        for column in columns.values()
        for key, score in column.items()
        if len(column) > 1 and score == max(column.values())
    )


def verdicts(differences: Differences, baseline: str) -> list[str]:
    """Return a sentence for each method, data set and metric; nothing without a difference."""
    sentences = [
        f"{method} on {dataset}, {heading(metric)}: {difference.sentence(baseline)}"
        for (method, dataset, metric), difference in differences.items()
    ]
    if not sentences:
        return []
    return [*sentences, "verdicts: Wilcoxon, two-sided, p < 0.05, not corrected for their number"]


def notes(methods: Sequence[MethodRuns], comparison: Comparison) -> list[str]:
    """Return sentences about absent runs, unequal seeds and data, and results seen by labels."""
    sentences = []
    for method in methods:
        if method.unfinished:
            total = len(method.outcomes) + len(method.unfinished)
            have = "has" if len(method.unfinished) == 1 else "have"
            count = f"{len(method.unfinished)} of {total} runs {have} not finished"
            sentences.append(f"{method.name}: {count}: {', '.join(method.unfinished)}")
    if informed := [method.name for method in methods if method.is_label_informed]:
        sentences.append(
            f"{', '.join(informed)}: labels influenced these results, so they are not "
            "unsupervised and never marked as the best"
        )
    origins = {
        f"{record.dataset}: {origin.get('note')}"
        for method in methods
        for _, record in method.records
        for origin in record.provenance
    }
    sentences += sorted(origins)
    scored = {dataset for _, dataset, _ in comparison.values} | comparison.left_out.keys()
    if unscored := [name for name in comparison.datasets if name not in scored]:
        sentences.append(f"{', '.join(unscored)}: no labels, so no scores")
    sentences += [*_left_out(comparison), *_unequal_seeds(comparison)]
    return [*sentences, *_other_data(methods)]


def _left_out(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for every data set with seeds that are left out."""
    for dataset, by_method in comparison.left_out.items():
        kept = sorted(
            {s for (_, d, _), own in comparison.values.items() if d == dataset for s in own}
        )
        words = [f"{method} {_listed(seeds)}" for method, seeds in by_method.items() if seeds]
        compared = (
            f"seeds {_listed(kept)}, which all have" if kept else "no seed, since none is common"
        )
        yield f"{dataset}: compared over {compared}; left out: {', '.join(words)}"


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _unequal_seeds(comparison: Comparison) -> list[str]:
    """Return a sentence for every method that lacks seeds of others on a data set."""
    sentences = []
    for dataset, by_method in _seeds(comparison.values).items():
        every = set().union(*by_method.values())
        for method, own in by_method.items():
            if missing := sorted(every - own):
                plural = "s" if len(missing) > 1 else ""
                lacks = f"lacks seed{plural} {_listed(missing)} of others"
                sentences.append(f"{method} on {dataset} {lacks}")
    return sentences


def _other_data(methods: Sequence[MethodRuns]) -> list[str]:
    """Return a sentence for data sets that share a name and not what they read."""
    first: dict[str, _Data] = {}
    sentences = {}
    for data, title in _dataset_names(methods).items():
        if data.digest != first.setdefault(data.name, data).digest:
            users = [m.name for m in methods if m.data.get(data.name) == data.digest]
            sentences[title] = (
                f"{title} is other data than {data.name} by their configurations; "
                f"used by {', '.join(users)}"
            )
    return list(sentences.values())
