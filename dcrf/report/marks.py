"""The colors and shapes of clusters and classes on a page, and their style sheet."""

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from dcrf.pictures.drawings import COLORS, GRAY
from dcrf.pictures.scatter import MARKS, NO_MARK
from dcrf.report.html import joined, shown

CLUSTER, LABEL = "cluster", "label"
"""The kinds of groups, which begin the names of classes of the style sheet."""


def mark(cluster: int) -> int:
    """Return the mark of a cluster; negative ones are noise."""
    return NO_MARK if cluster < 0 else cluster % MARKS


def dot(own: int) -> Markup:
    """Return a dot in the color and shape of a mark."""
    return Markup('<i class="{}"></i>').format(_class("dot", own))


def legend(marks: Mapping[str, int], kind: str = "") -> Markup:
    """Return names with their marks.

    Args:
        marks: name -> mark.
        kind: a class of the style sheet.
    """
    keys = joined(
        Markup('<span class="key">{}{}</span> ').format(dot(own), shown(name))
        for name, own in marks.items()
    )
    return Markup('<p class="{}">{}</p>').format(kind, keys)


def mark_rules() -> str:
    """Return the rules of the style sheet for dots, and for points by cluster and by label."""
    return "\n".join(_rules())


def _rules() -> Iterator[str]:
    for own in (NO_MARK, *range(MARKS)):
        color = GRAY if own == NO_MARK else COLORS[own % len(COLORS)]
        is_disc = own < len(COLORS)
        corner, cap = ("50%", "round") if is_disc else ("0", "square")
        yield f".{_class('dot', own)} {{ background: {color}; border-radius: {corner}; }}"
        for kind in (CLUSTER, LABEL):
            yield f".{_class(kind, own)} {{ --{kind}: {color}; --{kind}-cap: {cap}; }}"


def _class(kind: str, own: int) -> str:
    return f"{kind}-{'none' if own == NO_MARK else own}"
