"""Compressing samples along the splits of a tree of clusters (DeepECT)."""

from collections.abc import Sequence

from torch import Generator, Tensor

from dcrf.assignment.cluster_tree import ClusterTree
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.cluster_tree import tree_compression
from dcrf.mappings.evaluation_mode import evaluation_mode


class TreeCompression(DesignPattern):
    """Moves leaves to their samples, and samples to their node's center along each split.

    After the step, the weight of a leaf is half its old one plus half its number of samples in the
    batch; lighter leaves than `smallest_weight` are pruned, and inner nodes become the weighted
    means of their children. Every few epochs, the leaf with the largest sum of squared distances is
    split.

    Formula:
        L = 1/m sum_l |mu_l - mean(z of leaf l)| + mean of |(z_i - mu_c)^T u|
        the second mean is over inner nodes, their children c, and samples; u is the direction from
            one child's center to the other

    Losses:
        compression: units of the features, >= 0, L_nc + L_dc of the paper. The first moves the
            centers of leaves, the second the features.

    Shapes:
        samples (n, *sample_shape) -> features (n, d). The strategy `cluster_tree` owns the tree.

    Args:
        method_assignment: the strategy.
        growth_interval: epochs between two splits.
        smallest_weight: of a leaf that is not pruned, >= 0.
        generator: of the clusterings of splits.

    Source: Mautz, Plant, Boehm, DSE 2020, eq. 2-4 and algorithm 1, DOI 10.1007/s41019-020-00134-0.
    """

    loss_names = ("compression",)

    def __init__(
        self,
        *,
        method_assignment: ClusterTree,
        growth_interval: int,
        smallest_weight: float,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.strategy, self.interval = method_assignment, growth_interval
        self.smallest_weight, self.generator = smallest_weight, generator

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Check that the tree has started."""
        self.strategy.check_ready()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the compression loss of the batch."""
        tree, features = self.strategy.tree, self.strategy.features(batch.samples)
        if features.is_meta:
            return {"compression": features.sum() + tree.centers.sum()}
        leaves = tree.nearest_leaves(features.detach())
        return {"compression": tree_compression(features, tree.centers, leaves, tree.shape)}

    def after_step(self, clock: Clock, batch: Batch) -> None:
        """Update the weights, prune the tree, and move its inner nodes."""
        with evaluation_mode(self.strategy.feature_module):
            features = self.strategy.features(batch.samples)
        if features.is_meta:
            return
        tree = self.strategy.tree
        tree.count(tree.nearest_leaves(features))
        tree.prune(self.smallest_weight)
        tree.update_inner_nodes()

    def after_epoch(self, clock: Clock, data_pass: DatasetPass) -> Sequence[Tensor]:
        """Split a leaf if that is due."""
        if clock.epoch % self.interval == 0:
            features = data_pass(lambda batch: self.strategy.features(batch.samples))
            if not features.is_meta:
                self.strategy.grow(features, self.generator)
        return ()
