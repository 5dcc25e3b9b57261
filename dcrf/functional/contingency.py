"""Tables of how many samples of each class are in each cluster."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import entropy


def most_matched(table: NDArray[np.int64]) -> int:
    """Return the greatest number of samples that a one-to-one matching can have on its cells.

    Args:
        table: (classes, clusters), the number of samples of a class in a cluster.

    Source: the Hungarian method on the rectangular table.
    """
    rows, columns = linear_sum_assignment(table, maximize=True)
    return int(table[rows, columns].sum())


def optimal_matches(table: NDArray[np.int64]) -> dict[int, int]:
    """Match classes to clusters one to one, so that the matched cells have the most samples.

    Args:
        table: (classes, clusters), the number of samples of a class in a cluster.

    Returns:
        Class -> cluster, as many pairs as the smaller number.

    Source: the Hungarian method on the rectangular table.
    """
    rows, columns = linear_sum_assignment(table, maximize=True)
    return dict(zip(rows.tolist(), columns.tolist(), strict=True))


def bbn(table: NDArray[np.int64]) -> float:
    """Return the sum over cells of their squares, each divided by the size of its cluster.

    Args:
        table: (classes, clusters), the number of samples of a class in a cluster, none empty.

    Source: Kotti, Moschou and Kotropoulos, Signal Processing 2008,
        https://doi.org/10.1016/j.sigpro.2007.11.017, with Q = 0.
    """
    return float((table**2 / table.sum(axis=0)).sum())


def greedy_matches(table: NDArray[np.int64]) -> dict[int, int]:
    """Match classes to clusters one to one without optimality.

    First, every class gets the cluster with most of its samples among those of which it has more
    than half; of equals, the smallest cluster. Then the other classes, in descending order of their
    entropy over the free clusters, each get the free cluster of which they have the largest share.

    Args:
        table: (classes, clusters), the number of samples of a class in a cluster, none empty.

    Returns:
        Class -> cluster, for the classes that get one.

    Source: github.com/kutoga/learning2cluster, the comments in core/nn/misc/MR.py.
    """
    sizes = table.sum(axis=0)
    matches: dict[int, int] = {}
    for label, counts in enumerate(table):
        free = [c for c in _free(table, matches) if 2 * counts[c] > sizes[c]]
        if free:
            matches[label] = max(free, key=lambda c: (counts[c], -sizes[c], -c))
    free_at_first = _free(table, matches)
    rest = [label for label in range(len(table)) if label not in matches]
    by_entropy = {label: _entropy(table[label], sizes, free_at_first) for label in rest}
    for label in sorted(rest, key=lambda label: (by_entropy[label], label), reverse=True):
        if free := _free(table, matches):
            matches[label] = max(free, key=lambda c: (table[label, c] / sizes[c], -c))
    return matches


def _free(table: NDArray[np.int64], matches: dict[int, int]) -> list[int]:
    return [c for c in range(table.shape[1]) if c not in matches.values()]


def _entropy(counts: NDArray[np.int64], sizes: NDArray[np.int64], clusters: list[int]) -> float:
    """Return the mean entropy of belonging to a class, over the samples of clusters, in nats."""
    total = sizes[clusters].sum()
    if not total:
        return 0.0
    shares = [entropy([counts[c], sizes[c] - counts[c]]) * sizes[c] for c in clusters]
    return float(sum(shares) / total)
