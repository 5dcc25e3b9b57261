"""k-means in several subspaces of one rotated feature space (ENRC, ACeDeC)."""

import torch
from torch import Generator, Tensor

from dcrf.functional.assignments import squared_distances


def weighted_squared_distances(rows: Tensor, centers: Tensor, weights: Tensor) -> Tensor:
    """Return sum_d (weights_d (rows_d - centers_d))^2, (n, k), for weights (d,)."""
    return squared_distances(rows * weights, centers * weights)


def subspace_k_means(rows: Tensor, centers: list[Tensor], weights: Tensor) -> Tensor:
    """Mean over subspaces and rows of the weighted squared distance to the nearest center.

    Args:
        rows: (n, d), rotated features.
        centers: (k_s, d) of each of s subspaces.
        weights: (s, d), >= 0; those of a dimension sum to 1.

    Source: Miklautz et al., AAAI 2020, eq. 4, DOI 10.1609/aaai.v34i04.5961.
    """
    losses = [
        weighted_squared_distances(rows, own, weight).amin(dim=1).mean()
        for own, weight in zip(centers, weights, strict=True)
    ]
    return torch.stack(losses).mean()


def optimal_weights(scatters: Tensor) -> Tensor:
    """Return the weights (s, d) that minimize sum_s weights_sd^2 scatters_sd and sum to 1.

    For two subspaces that is scatters_2 / (scatters_1 + scatters_2), and its complement.

    Args:
        scatters: (s, d), > 0, of the rows around their centers, in each dimension.

    Source: Miklautz et al., IJCAI 2021, supplement, DOI 10.24963/ijcai.2021/387.
    """
    inverse = 1 / scatters
    return inverse / inverse.sum(dim=0)


def separating_rotation(rows: Tensor, clusters: Tensor, centers: Tensor) -> Tensor:
    """Return an orthogonal matrix (d, d) whose first columns separate clusters best.

    Its columns are eigenvectors of the scatter within clusters minus the total scatter, the most
    negative eigenvalue first.

    Args:
        rows: (n, d).
        clusters: (n,) int64 in [0, k).
        centers: (k, d).

    Source: Mautz, Ye, Plant, Boehm, KDD 2017, section 3.2, DOI 10.1145/3097983.3097989.
    """
    within = rows - centers[clusters]
    around_mean = rows - rows.mean(dim=0)
    return torch.linalg.eigh(within.T @ within - around_mean.T @ around_mean).eigenvectors


def nearest_orthogonal(matrix: Tensor) -> Tensor:
    """Return the orthogonal matrix nearest to a square one, by the Frobenius norm."""
    left, _, right = torch.linalg.svd(matrix)
    return left @ right


def decayed_means(
    means: Tensor, counts: Tensor, rows: Tensor, clusters: Tensor, rate: float
) -> tuple[Tensor, Tensor]:
    """Move each mean toward that of the rows of its cluster, by 1 / (1 + count).

    Args:
        means: (k, d).
        counts: (k,), decayed numbers of rows; new ones are (1 - rate) of these plus rate times the
            number of rows. A single mean moves by the rate instead.
        rows: (n, d).
        clusters: (n,) int64 in [0, k).
        rate: in (0, 1].

    Returns:
        New means (k, d) and counts (k,). A mean without rows stays, its count decays.

    Source: Miklautz et al., AAAI 2020, algorithm 1, and the code of its authors.
    """
    numbers = torch.arange(len(means), device=clusters.device)
    members = (clusters.unsqueeze(1) == numbers).to(rows.dtype)  # (n, k)
    own = members.sum(dim=0)
    counts = rate * own + (1 - rate) * counts
    steps = torch.full_like(counts, rate) if len(means) == 1 else 1 / (1 + counts)
    moves = members.T @ (rows - means[clusters]) / own.clamp_min(1).unsqueeze(1)
    return means + steps.unsqueeze(1) * moves, counts


def replaced_means(means: Tensor, are_lonely: Tensor, rows: Tensor, generator: Generator) -> Tensor:
    """Replace the means (k, d) that `are_lonely`, (k,), by random rows of (n, d)."""
    draws = torch.randint(len(rows), (len(means),), generator=generator).to(rows.device)
    return torch.where(are_lonely.unsqueeze(1), rows[draws], means)
