"""Places of rows in a plane: by principal components, t-SNE or UMAP."""

import warnings

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from dcrf.extras import optional_package
from dcrf.functional.principal_axes import principal_axes, principal_axes_of_few
from dcrf.pictures.scatter import Axes
from dcrf.report.projection_names import PCA, T_SNE

Places = NDArray[np.float64]

_PERPLEXITY, _NEIGHBORS = 30, 15  # the defaults of scikit-learn and umap-learn
_LEAST_ROWS = 5  # of t-SNE and UMAP, whose start needs some
_START_DEVIATION = 1e-4  # as in Kobak and Berens, Nature Communications 2019


def project(
    rows: NDArray[np.floating], projection: str, before: Places | None
) -> tuple[Places, Axes]:
    """Return the places (n, 2) of rows (n, d), and the axes.

    Args:
        rows: finite.
        projection: a key of `NOTES`. Fewer than five rows have principal components anyway.
        before: places of the same samples that these resemble if they can: signs of principal
            components, or the start of the others; None without any.

    Raises:
        DataError: umap-learn is not installed.
    """
    # more threads wait for each other on a busy machine, and t-SNE would add in any order
    with threadpool_limits(1):
        return _projected(rows.astype(np.float64), projection, before)


def _projected(rows: Places, projection: str, before: Places | None) -> tuple[Places, Axes]:
    places, axes = _principal_plane(rows)
    if before is not None:
        places = places * np.where((places * before).sum(axis=0) < 0, -1.0, 1.0)
    if projection == PCA or len(rows) < _LEAST_ROWS or not places.any():
        return places, axes
    start = places if before is None else before
    embed = _t_sne if projection == T_SNE else _umap
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of graphs in several parts, which have a result
        return embed(rows, start / start[:, 0].std())


def _principal_plane(rows: Places) -> tuple[Places, Axes]:
    """Return the first two principal components, with the share of the variance in their names."""
    centered = rows - rows.mean(axis=0)
    if len(rows) <= rows.shape[1]:
        variances, axes = principal_axes_of_few(centered)
    else:
        variances, axes = principal_axes(centered.T @ centered, len(rows))
    places = centered @ axes[:2].T
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    shares = np.pad(variances[:2], (0, 2))[:2] / (variances.sum() or 1.0)
    names = (f"principal component {n} ({s:.0%} of the variance)" for n, s in enumerate(shares, 1))
    return places, Axes((next(names), next(names)))


def _t_sne(rows: Places, start: Places) -> tuple[Places, Axes]:
    """Van der Maaten and Hinton, JMLR 2008."""
    from sklearn.manifold import TSNE  # noqa: PLC0415 - it takes half a second

    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    model = TSNE(2, perplexity=perplexity, init=start * _START_DEVIATION, random_state=0)
    return _centered(model.fit_transform(rows)), Axes(("t-SNE 1", "t-SNE 2"), has_scale=False)


def _umap(rows: Places, start: Places) -> tuple[Places, Axes]:
    """McInnes, Healy and Melville 2018, https://arxiv.org/abs/1802.03426."""
    model = optional_package("umap", "umap").UMAP(
        n_neighbors=min(_NEIGHBORS, len(rows) - 1),
        init=start.astype(np.float32),
        random_state=0,
        n_jobs=1,
    )
    return _centered(model.fit_transform(rows)), Axes(("UMAP 1", "UMAP 2"), has_scale=False)


def _centered(places: NDArray[np.floating]) -> Places:
    return places.astype(np.float64) - places.mean(axis=0, dtype=np.float64)
