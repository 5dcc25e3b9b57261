"""Choose the number of clusters of a data set without labels."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from math import isqrt
from typing import Any

from dcrf.config import load_checked
from dcrf.errors import DataError
from dcrf.functional.cluster_number import Evidence, chosen_number, is_supported
from dcrf.pictures.curves import Curve, curves
from dcrf.runs.sampled_rows import in_principal_components, input_rows
from dcrf.selection.number_of_clusters import largest_number, sweep

FIRST, LAST = 2, 12
"""The numbers of clusters that are tried if none are named."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A number of clusters with its evidence.

    number: 1 if the data have no clusters.
    evidence: for each number that was tried, rising.
    space: in which the samples were clustered, in words.
    n_samples: of the data set.
    n_clustered: samples that were clustered, a random part of a large data set.
    """

    number: int
    evidence: tuple[Evidence, ...]
    space: str
    n_samples: int
    n_clustered: int

    @property
    def supported(self) -> frozenset[int]:
        """The numbers that both tests support."""
        tried = self.evidence
        return frozenset(each.k for each in tried if is_supported(each, len(tried)))


def choose_number(
    content: Mapping[str, Any],
    first: int | None,
    last: int | None,
    start: Callable[[str], None],
) -> Choice:
    """Choose the number of clusters of the data set of a method.

    The samples are clustered as the method reads them, by k-means on their first principal
    components; the method itself is not trained.

    Args:
        content: of a method file for one data set, with any number of clusters.
        first: number of clusters to try; None for `FIRST`.
        last: number of clusters to try; None for `LAST`, but at most the square root of the number
            of samples, so that clusters have as many samples in the mean as there are clusters.
        start: called with a sentence before the numbers are tried.

    Raises:
        ConfigError: the method is invalid.
        DataError: the data cannot be read, or have too few samples for these numbers.
    """
    config = load_checked(content)
    data = in_principal_components(input_rows(config, config.datasets[0]))
    n_clustered = len(data.rows)
    low = FIRST if first is None else first
    high = max(low, min(LAST, isqrt(data.n_samples))) if last is None else last
    if high > largest_number(n_clustered):
        raise DataError(
            f"{high} clusters need sub-samples of as many samples, but those of "
            f"{n_clustered:,} samples have {largest_number(n_clustered):,}; "
            f"write a range that ends there, or a number"
        )
    part = f"{n_clustered:,} random ones of " if n_clustered < data.n_samples else ""
    start(f"{low} to {high} clusters of {part}{data.n_samples:,} samples, in {data.space}")
    evidence = tuple(sweep(data.rows.astype("float64"), range(low, high + 1)))
    return Choice(chosen_number(evidence), evidence, data.space, data.n_samples, n_clustered)


def evidence_table(choice: Choice) -> str:
    """Return the evidence as CSV, a row for each number of clusters."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        (
            *("num_clusters", "stability", "standard_error", "stability_without_clusters"),
            *("its_standard_error", "mean_silhouette", "separated_clusters"),
            *("is_supported", "is_chosen"),
        )
    )
    for each in choice.evidence:
        writer.writerow(
            (
                each.k,
                *(f"{value:.6g}" for value in each[1:5]),
                "" if each.silhouette is None else f"{each.silhouette:.6g}",
                *(
                    each.separated,
                    int(each.k in choice.supported),
                    int(each.k == choice.number),
                ),
            )
        )
    return text.getvalue()


def evidence_picture(choice: Choice) -> str:
    """Return the curves of the evidence as an SVG document."""
    evidence = choice.evidence
    panels = (
        Curve(
            "stability (dashed: without clusters)",
            [each.stability for each in evidence],
            [each.error for each in evidence],
            [each.reference for each in evidence],
        ),
        Curve("share of separated clusters", [each.separated / each.k for each in evidence]),
        Curve("mean silhouette", [each.silhouette for each in evidence]),
    )
    chosen = choice.number if choice.number in [each.k for each in evidence] else None
    return curves([each.k for each in evidence], panels, chosen)
