"""The report of a space in words and as tables: ranking, effects, and the winners."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from dcrf.errors import counted
from dcrf.functional.rank_tests import Corrected
from dcrf.recombination.candidates import Candidates
from dcrf.recombination.confirmation import Confirmed
from dcrf.recombination.effects import Effect, against_reference, interactions, main_effects
from dcrf.recombination.halving import RungResult
from dcrf.recombination.ranking import metric_of, ranked, score_of, unlabeled_metric
from dcrf.recombination.results import CandidateResult
from dcrf.recombination.space import Slot
from dcrf.reporting.comparison import METRICS
from dcrf.reporting.lines import duration
from dcrf.reporting.markup import laid_out, wrapped
from dcrf.reporting.scores import heading

_SHOWN, _REASONS = 20, 5


@dataclass(frozen=True, slots=True)
class SpaceReport:
    """The results of a space.

    results: of the combinations that ran whole, the first combination first.
    rungs: the short runs before.
    confirmed: the best ones on what the search has not seen.
    """

    slots: Sequence[Slot]
    results: Sequence[CandidateResult]
    rungs: Sequence[RungResult] = ()
    confirmed: Sequence[Confirmed] = ()

    @property
    def metrics(self) -> list[str]:
        """The scores by which a best combination is chosen."""
        return list(dict.fromkeys((metric_of(self.results), unlabeled_metric())))

    def lines(self, width: int | None) -> Iterator[str]:
        """Yield the report.

        Args:
            width: of the terminal; None for any.
        """
        for number, rung in enumerate(self.rungs, 1):
            yield _rung_in_words(number, rung)
            yield from rung.notes
        ranking = ranked(self.results, metric_of(self.results))
        if not ranking:
            yield "no combination has all of its runs, with scores"
            return
        yield laid_out(*self._ranking_table(ranking[:_SHOWN]), width)
        if len(ranking) > _SHOWN:
            yield f"... and {len(ranking) - _SHOWN} more"
        if unfinished := sum(result.unfinished > 0 for result in self.results):
            unranked = counted(unfinished, "combination")
            yield f"without a rank, since runs have not finished: {unranked}"
        yield ""
        sentences = *self._winners(), *self._against_reference(ranking[0]), *self._cost(ranking[0])
        for sentence in sentences:
            yield wrapped(sentence, width) if width else sentence
        effects = main_effects(self.slots, self.results, METRICS[0])
        pairs = interactions(self.slots, self.results, METRICS[0])
        for title, found in (("effect", effects), ("interaction", pairs)):
            if found:
                yield ""
                yield laid_out(*_effects_table(title, found), width)
        if self.confirmed:
            yield ""
            yield laid_out(*_confirmation_table(self.confirmed), width)
            yield from _remarks_on(self.confirmed)

    def ranking_csv(self) -> str:
        """Return all combinations as CSV, the best first, those without a score last."""
        ranking = ranked(self.results, metric_of(self.results))
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
            cost = _seconds_per_point(self.results[0], result)
            rows.append([*row, result.seconds, cost, result.unfinished])
        header = [*header, *unlabeled, "seconds", "seconds_per_point", "unfinished"]
        return _csv(header, rows)

    def rungs_csv(self) -> str:
        """Return the short runs as CSV, the best first in each rung."""
        header = ["rung", "iterations", "method", *(slot.name for slot in self.slots)]
        rows = [
            [
                *(number, rung.rung.iterations, r.candidate.name, *r.candidate.choice.values()),
                *(rung.score, score_of(r, rung.score), r.seconds, r.candidate.choice in rung.kept),
            ]
            for number, rung in enumerate(self.rungs, 1)
            for r in rung.results
        ]
        return _csv([*header, "score", "value", "seconds", "goes_on"], rows)

    def confirmation_csv(self) -> str:
        """Return the runs on what the search has not seen as CSV, a row for each of them."""
        rows = [
            [each.name, setting, result.candidate.name, *pair, metric, value]
            for each in self.confirmed
            for setting, result in each.results.items()
            for metric, scores in result.scores.items()
            for pair, value in scores.items()
        ]
        header = ["combination", "setting", "method", "data set", "seed", "score", "value"]
        return _csv(header, rows)

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
            n for n in (unlabeled_metric(), "agreement") if any(n in r.unlabeled for r in ranking)
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
        for metric in self.metrics:
            ranking = ranked(self.results, metric)
            if not ranking:
                continue
            best = ranking[0]
            how = (
                "labels informed the choice"
                if metric in METRICS
                else "no labels informed the choice"
            )
            names = dict.fromkeys((*METRICS, metric))
            values = {n: v for n in names if (v := score_of(best, n)) is not None}
            scores = ", ".join(f"{heading(name)} {value:.3f}" for name, value in values.items())
            yield f"best by {heading(metric)}: {_words(best.candidate.choice)} ({scores}; {how})"

    def _against_reference(self, best: CandidateResult) -> Iterator[str]:
        """Yield how the best combination compares with the first one."""
        effect = against_reference(self.results, METRICS[0]).get(best.candidate.name)
        if effect is None:
            return
        first = _words(self.results[0].candidate.choice)
        change = f"{effect.change:+.3f} over {counted(effect.pairs, 'pair')}"
        size = f"{heading(METRICS[0])} of the best less that of {first}: {change}"
        if effect.p is None:
            yield f"{size}; no verdict, which needs {effect.pairs_needed} pairs"
        else:
            p = f"Wilcoxon p = {effect.p:.3f} by Holm over all combinations"
            yield f"{size}, {p}: {effect.verdict}"

    def _cost(self, best: CandidateResult) -> Iterator[str]:
        """Yield what a point of the score costs in the best combination."""
        first = self.results[0]
        if best is first or best.seconds is None or first.seconds is None:
            return
        more = best.seconds - first.seconds
        words = f"{duration(abs(more))} {'more' if more > 0 else 'less'} per run than the first one"
        cost = _seconds_per_point(first, best)
        points = f", {cost:.1f} s for each point (0.01) of {heading(METRICS[0])}" if cost else ""
        yield f"the best takes {words}{points}"


def _seconds_per_point(first: CandidateResult, result: CandidateResult) -> float | None:
    """Return the seconds of a run for each point of ACC more than the first combination has.

    None without a gain. 0 if the gain costs nothing.
    """
    before, after = first.mean(METRICS[0]), result.mean(METRICS[0])
    if before is None or after is None or after <= before:
        return None
    if result.seconds is None or first.seconds is None:
        return None
    return max(0.0, result.seconds - first.seconds) / (100 * (after - before))


def _rung_in_words(number: int, rung: RungResult) -> str:
    informed = "labels inform it" if rung.score in METRICS else "labels do not inform it"
    return (
        f"rung {number}: {counted(rung.rung.iterations, 'iteration')}, {len(rung.kept)} of "
        f"{counted(len(rung.results), 'combination')} went on by {heading(rung.score)} ({informed})"
    )


def _confirmation_table(confirmed: Sequence[Confirmed]) -> tuple[list[str], list[list[str]]]:
    """Return the scores with every setting, and the comparisons over all of them."""
    settings = [*confirmed[0].results]
    metric = METRICS[0]
    header = ["confirmation", *(f"{heading(metric)}, {s}" for s in settings), "change", "p", ""]
    rows = []
    for each in confirmed:
        scores = [_score(each.results[setting], metric) for setting in settings]
        rows.append([each.name, *scores, *_comparison(each.compared)])
    return header, rows


def _comparison(compared: Corrected | None) -> tuple[str, str, str]:
    """Return change, p-value and verdict."""
    if compared is None:
        return "-", "-", ""
    change = f"{compared.test.difference:+.3f}"
    if compared.p is None:
        return change, "-", f"no verdict, which needs {compared.pairs_needed} pairs"
    return change, f"{compared.p:.3f}", compared.verdict or ""


def _remarks_on(confirmed: Sequence[Confirmed]) -> Iterator[str]:
    yield "best ones are compared with the first combination, changes of the best one with it"
    unfinished = sum(r.unfinished for each in confirmed for r in each.results.values())
    if unfinished:
        yield f"{counted(unfinished, 'run')} of the confirmation have not finished"


def space_in_words(name: str, candidates: Candidates) -> Iterator[str]:
    """Yield how many combinations of a space are methods, and why the others are not."""
    valid, invalid = len(candidates.valid), len(candidates.invalid)
    total = valid + candidates.equal + invalid
    words = f"{name}: {counted(valid, 'method')} of {counted(total, 'combination')}"
    words += f", {candidates.equal} equal to others" if candidates.equal else ""
    yield f"{words}, {invalid} invalid" if invalid else words
    reasons = candidates.reasons
    for reason, number in reasons[:_REASONS]:
        yield f"  {counted(number, 'time')}: {reason}"
    if len(reasons) > _REASONS:
        yield f"  ... and {counted(len(reasons) - _REASONS, 'other reason')}"


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
