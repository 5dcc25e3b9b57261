"""Cluster the features of a data set by a classical clustering, without training."""

from torch import Generator, nn

from dcrf.assignment.clustered_features import ClusteredFeatures
from dcrf.batch import DatasetPass, Place
from dcrf.builder.components import build_entry
from dcrf.config.method_config import Options
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.schema.registry import CLUSTERINGS

_PLACE = Place("", "")


def cluster_features(
    entry: Options,
    features: Features,
    data_pass: DatasetPass,
    n_clusters: int,
    generator: Generator,
) -> ClusteredFeatures:
    """Return an assignment by a clustering that is fitted to the features of a data set.

    Args:
        entry: of the clustering, with its name.
        features: maps samples to features (n, d).
        data_pass: over the data set.
        n_clusters: k.
        generator: of all random numbers, on the CPU.

    Raises:
        DataError: the clustering does not work on these samples.
        DivergedError: features are not finite.
    """
    clustering = build_entry(CLUSTERINGS, entry)
    assignment = ClusteredFeatures(features, clustering, n_clusters, generator, [_PLACE])
    assignment.after_phase(_PLACE, data_pass)
    return assignment


def samples_as_features() -> Features:
    """Return features that are the samples themselves, as rows (n, d)."""
    return Features(TrainableMapping([nn.Flatten()]))
