"""Deep clustering as an estimator of scikit-learn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from dcrf.api import Result, run
from dcrf.config.adapt import adapted
from dcrf.config.extends import whole
from dcrf.config.parse_json import from_dict
from dcrf.data.sources.load import takes_arrays
from dcrf.errors import DcrfError, TrainingError
from dcrf.runs.new_method import read_method, steps_of_rows
from dcrf.schema.registry import SOURCES

_DATASET = "samples"
_SEEDS = 2**31


class DeepClustering(
    ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin, BaseEstimator
):
    """Clusters rows of numbers by a deep clustering method, as scikit-learn's estimators do.

    Layers that read samples get the number of columns, and classifiers that of clusters.

    Args:
        method: the name of a shipped method such as `dec`, a method file, or its content as a dict.
        n_clusters: the number of clusters, k.
        standardize: whether columns are standardized first.
        batch_size: of training, at most all samples.
        max_iterations: ends every phase after this many iterations at the latest.
        device: `cpu`, `cuda` and so on, instead of the method's.
        random_state: a seed, a `RandomState` or `Generator` of numpy, or None for another seed at
            every fit.

    labels_: (n,), the cluster of every sample of the fit; -1 for noise.
    cluster_centers_: (k, d), in the features that `transform` returns; missing if the method has no
        centers.
    result_: the `dcrf.Result` of the fit.
    n_features_in_: the number of columns.
    """

    labels_: NDArray[np.int64]
    cluster_centers_: NDArray[np.float32]
    result_: Result
    n_features_in_: int

    def __init__(
        self,
        method: str | Path | Mapping[str, Any] = "idec_table",
        n_clusters: int = 8,
        *,
        standardize: bool = True,
        batch_size: int = 256,
        max_iterations: int | None = None,
        device: str | None = None,
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.n_clusters = n_clusters
        self.standardize = standardize
        self.batch_size = batch_size
        self.max_iterations = max_iterations
        self.device = device
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> "DeepClustering":  # noqa: N803 - scikit-learn's
        """Train the method on samples (n, d), and cluster them. `y` is ignored.

        Raises:
            ValueError: the samples or the parameters cannot be used.
        """
        for name in ("result_", "labels_", "cluster_centers_"):  # a fit that fails leaves none
            self.__dict__.pop(name, None)
        samples = validate_data(self, X, dtype=np.float32, ensure_min_samples=2)
        seed = self._seed()
        try:
            self.result_ = run(
                self._content(samples.shape),
                data={_DATASET: samples},
                seed=seed,
                device=self.device,
                max_iterations=self.max_iterations,
            )
        except TrainingError:
            raise
        except DcrfError as error:
            raise ValueError(str(error)) from error
        self.labels_ = self.result_.clusters[_DATASET]
        self._n_features_out = self.result_.features(samples[:1]).shape[1]
        centers = self._trained.assignment.cluster_centers()
        if centers is not None:
            self.cluster_centers_ = centers.detach().cpu().numpy()
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:  # noqa: N803
        """Return the cluster (n,) of every sample; -1 for noise."""
        probabilities = self.predict_proba(X)
        clusters = probabilities.argmax(axis=1)
        return np.where(probabilities.sum(axis=1) > 0, clusters, -1)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:  # noqa: N803
        """Return (n, k): for every sample the probability of every cluster."""
        samples = self._new(X)
        return self.result_.assign(samples)

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:  # noqa: N803
        """Return the features (n, m) that clusters are formed in."""
        samples = self._new(X)
        return self.result_.features(samples)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "result_")

    def _seed(self) -> int:
        if isinstance(self.random_state, np.random.Generator):
            return int(self.random_state.integers(_SEEDS))
        return int(check_random_state(self.random_state).randint(_SEEDS))

    @property
    def _trained(self) -> Any:
        return self.result_.methods[_DATASET]

    def _new(self, X: ArrayLike) -> NDArray[np.float32]:  # noqa: N803
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float32, reset=False)

    def _content(self, shape: tuple[int, ...]) -> dict[str, Any]:
        if isinstance(self.method, Mapping):
            content = whole(from_dict(self.method)).data
        else:
            content = read_method(str(self.method))
        entry: dict[str, Any] = {
            "source": next(filter(takes_arrays, SOURCES.stems)),
            "dataset": _DATASET,
            "name": _DATASET,
            "sampling": "shuffled",
            "batch_size": min(self.batch_size, shape[0]),
            "steps": steps_of_rows(content) if self.standardize else [],
        }
        return adapted(content, content.get("name", "method"), entry, shape[1:], self.n_clusters)
