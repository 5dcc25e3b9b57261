"""The report of a space in words and as tables: ranking, effects, and the winners."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from dcrf.functional.paired_tests import LEVEL, PAIRS_NEEDED
from dcrf.recombination.candidates import Candidates
from dcrf.recombination.effects import Effect, against_reference, interactions, main_effects
from dcrf.recombination.results import CandidateResult
from dcrf.recombination.space import Slot
from dcrf.reporting.comparison import METRICS
from dcrf.reporting.lines import duration
from dcrf.reporting.markup import laid_out, wrapped
from dcrf.reporting.scores import heading
from dcrf.schema.default_metrics import default_metrics
from dcrf.schema.registry import METRICS as ALL_METRICS

_SHOWN, _REASONS = 20, 5


@dataclass(frozen=True, slots=True)
class SpaceReport:
    """The results of a space.

    results: of all combinations, the reference first.
    """

    slots: Sequence[Slot]
    results: Sequence[CandidateResult]

    @property
    def metric(self) -> str:
        """The score that orders combinations: the first against labels, if there are labels."""
        has_labels = any(result.scores for result in self.results)
        return METRICS[0] if has_labels else self.unlabeled_metric

    @property
    def unlabeled_metric(self) -> str:
        """The score that orders combinations without labels."""
        return default_metrics("features")[0]

    def ranking(self, metric: str) -> list[CandidateResult]:
        """Return the combinations with a score and all of their runs, the best first."""
        whole = [result for result in self.results if not result.unfinished]
        scored = [r for r in whole if self.score(r, metric) is not None]
        is_larger_better = ALL_METRICS.schemas[metric]["x-better"] == "larger"
        return sorted(scored, key=lambda r: self.score(r, metric) or 0, reverse=is_larger_better)

    def score(self, result: CandidateResult, metric: str) -> float | None:
        """Return the mean of a score with or without labels."""
        return result.mean(metric) if metric in METRICS else result.unlabeled.get(metric)

    def lines(self, width: int | None) -> Iterator[str]:
        """Yield the report.

        Args:
            width: of the terminal; None for any.
        """
        ranking = self.ranking(self.metric)
        if not ranking:
            yield "no combination has all of its runs, with scores"
            return
        yield laid_out(*self._ranking_table(ranking[:_SHOWN]), width)
        if len(ranking) > _SHOWN:
            yield f"... and {len(ranking) - _SHOWN} more"
        if unfinished := sum(result.unfinished > 0 for result in self.results):
            unranked = _count(unfinished, "combination")
            yield f"without a rank, since runs have not finished: {unranked}"
        yield ""
        for sentence in (*self._winners(), *self._against_reference(ranking[0])):
            yield wrapped(sentence, width) if width else sentence
        effects = main_effects(self.slots, self.results, METRICS[0])
        pairs = interactions(self.slots, self.results, METRICS[0])
        for title, found in (("effect", effects), ("interaction", pairs)):
            if found:
                yield ""
                yield laid_out(*_effects_table(title, found), width)

    def ranking_csv(self) -> str:
        """Return all combinations as CSV, the best first, those without a score last."""
        ranking = self.ranking(self.metric)
        rest = [result for result in self.results if result not in ranking]
        unlabeled = list(dict.fromkeys(n for r in self.results for n in r.unlabeled))
        header = ["method", *(slot.name for slot in self.slots)]
        for metric in METRICS:
            header += [metric, f"{metric}_deviation"]
        rows = []
        for result in (*ranking, *rest):
            row: list[object] = [result.candidate.name, *result.candidate.choice.values()]
            for metric in METRICS:
                row += [result.mean(metric), result.deviation(metric)]
            row += [result.unlabeled.get(name) for name in unlabeled]
            rows.append([*row, result.seconds, result.unfinished])
        return _csv([*header, *unlabeled, "seconds", "unfinished"], rows)

    def effects_csv(self) -> str:
        """Return the effects of options and the interactions on every metric as CSV."""
        rows: list[Sequence[object]] = []
        for metric in METRICS:
            for kind, found in (
                ("effect", main_effects(self.slots, self.results, metric)),
                ("interaction", interactions(self.slots, self.results, metric)),
            ):
                rows += [[kind, metric, _words(e.options), e.change, e.pairs, e.p] for e in found]
        return _csv(["kind", "score", "options", "change", "pairs", "p"], rows)

    def _ranking_table(
        self, ranking: Sequence[CandidateResult]
    ) -> tuple[list[str], list[list[str]]]:
        unlabeled = [
            n
            for n in (self.unlabeled_metric, "agreement")
            if any(n in r.unlabeled for r in ranking)
        ]
        header = [
            *(slot.name for slot in self.slots),
            *map(heading, METRICS),
            *unlabeled,
            "time",
            "n",
        ]
        rows = []
        for result in ranking:
            scores = [_score(result, metric) for metric in METRICS]
            others = [_number(result.unlabeled.get(name)) for name in unlabeled]
            time = "-" if result.seconds is None else duration(result.seconds)
            choice = result.candidate.choice.values()
            rows.append([*choice, *scores, *others, time, str(result.finished)])
        return header, rows

    def _winners(self) -> Iterator[str]:
        for metric in dict.fromkeys((self.metric, self.unlabeled_metric)):
            ranking = self.ranking(metric)
            if not ranking:
                continue
            best = ranking[0]
            how = (
                "labels informed the choice"
                if metric in METRICS
                else "no labels informed the choice"
            )
            names = dict.fromkeys((*METRICS, metric))
            values = {n: v for n in names if (v := self.score(best, n)) is not None}
            scores = ", ".join(f"{heading(name)} {value:.3f}" for name, value in values.items())
            yield f"best by {heading(metric)}: {_words(best.candidate.choice)} ({scores}; {how})"

    def _against_reference(self, best: CandidateResult) -> Iterator[str]:
        """Yield how the best combination compares with the first one."""
        effect = against_reference(self.results, METRICS[0]).get(best.candidate.name)
        if effect is None:
            return
        first = _words(self.results[0].candidate.choice)
        change = f"{effect.change:+.3f} over {effect.pairs} pair{'s' if effect.pairs > 1 else ''}"
        size = f"{heading(METRICS[0])} of the best less that of {first}: {change}"
        if effect.p is None:
            yield f"{size}; no verdict, which needs {PAIRS_NEEDED} pairs"
        else:
            verdict = "better" if effect.p < LEVEL else "not distinguishable"
            yield f"{size}, Wilcoxon p = {effect.p:.3f} by Holm over all combinations: {verdict}"


def space_in_words(name: str, candidates: Candidates) -> Iterator[str]:
    """Yield how many combinations of a space are methods, and why the others are not."""
    valid, invalid = len(candidates.valid), len(candidates.invalid)
    total = valid + candidates.equal + invalid
    words = f"{name}: {_count(valid, 'method')} of {_count(total, 'combination')}"
    words += f", {candidates.equal} equal to others" if candidates.equal else ""
    yield f"{words}, {invalid} invalid" if invalid else words
    reasons = candidates.reasons
    for reason, number in reasons[:_REASONS]:
        yield f"  {_count(number, 'time')}: {reason}"
    if len(reasons) > _REASONS:
        yield f"  ... and {_count(len(reasons) - _REASONS, 'other reason')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _words(choice: Mapping[str, str]) -> str:
    return ", ".join(f"{slot}: {option}" for slot, option in choice.items())


def _effects_table(title: str, effects: Sequence[Effect]) -> tuple[list[str], list[list[str]]]:
    header = [f"{title} on {heading(METRICS[0])}", "change", "pairs", "p"]
    rows = [
        [_words(e.options), f"{e.change:+.3f}", str(e.pairs), "-" if e.p is None else f"{e.p:.3f}"]
        for e in sorted(effects, key=lambda e: -abs(e.change))[:_SHOWN]
    ]
    return header, rows


def _score(result: CandidateResult, metric: str) -> str:
    value, deviation = result.mean(metric), result.deviation(metric)
    if value is None:
        return "-"
    return f"{value:.3f}" if deviation is None else f"{value:.3f} ± {deviation:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return stream.getvalue()
