"""The profile of each cluster in words."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from dcrf.errors import counted

_CLUSTERS, _COLUMNS = 12, 3
_NAME = 40  # characters of the name of a column


def profile_lines(rows: Sequence[Mapping[str, str]], width: int) -> Iterator[str]:
    """Yield `cluster 0: 61 samples; petal length +1.3 sd (5.6; all 3.8), ...` for each cluster.

    A line has up to three columns, as far as the width allows. After twelve clusters the others
    are counted.

    Args:
        rows: of a profile, those of each cluster together and in the order of its columns.
        width: of a line, in characters.
    """
    clusters = [list(own) for _, own in groupby(rows, lambda row: row["cluster"])]
    for own in clusters[:_CLUSTERS]:
        size = int(own[0]["size"])
        line = f"cluster {own[0]['cluster']}: {counted(size, 'sample')}"
        mark = "; "
        for row in own[:_COLUMNS]:
            longer = f"{line}{mark}{_column(row)}"
            if len(longer) > width:
                break
            line, mark = longer, ", "
        yield line
    if len(clusters) > _CLUSTERS:
        yield f"and {len(clusters) - _CLUSTERS} more clusters"


def _column(row: Mapping[str, str]) -> str:
    name = row["column"]
    name = name if len(name) <= _NAME else f"{name[: _NAME - 3]}..."
    difference, mean, of_all = (float(row[key]) for key in ("difference", "mean", "mean_of_all"))
    difference = round(difference, 1) + 0.0  # no negative zero
    return f"{name} {difference:+.1f} sd ({mean:.3g}; all {of_all:.3g})"
