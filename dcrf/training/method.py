"""A method as one module: its `state_dict` is the model."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import Centroids
from dcrf.batch import Batch, DatasetPass
from dcrf.mappings.forward_cache import CachedModule
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.parameter_files import mapping_tensors
from dcrf.training.interfaces import DataSource

CENTROIDS = "centroids"
"""The part of a method that is not a mapping, in `Method.tensors_of` and in files."""


class Method(nn.Module):
    """A clustering method: the module that phases train and evaluators assign samples with.

    mappings: name -> trainable mapping.
    assignment: the cluster assignment strategy.
    centroids: shared by strategy and patterns. They stay uninitialized if none of them uses any.
    """

    def __init__(
        self, mappings: Mapping[str, TrainableMapping], assignment: Assignment, centroids: Centroids
    ) -> None:
        super().__init__()
        self.mappings = dict(mappings)
        self._registered = nn.ModuleList(self.mappings.values())
        self.assignment = assignment
        self.centroids = centroids

    def cached_modules(self) -> list[CachedModule]:
        """Return the mappings and assignments, which run once per input tensor in an iteration."""
        return [module for module in self.modules() if isinstance(module, CachedModule)]

    def tensors_of(self, part: str) -> dict[str, Tensor]:
        """Return the tensors that are saved of a mapping or of the centroids, on the CPU."""
        if part == CENTROIDS:
            return {CENTROIDS: self.centroids.values.detach().cpu()}
        return mapping_tensors(self.mappings[part])

    def pass_over(self, source: DataSource) -> DatasetPass:
        """Return a pass over the whole data set in evaluation mode, without gradient.

        Random numbers that it draws do not change those that training draws.
        """

        def run(function: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
            was_training = self.training
            self.eval()
            try:
                with torch.random.fork_rng():
                    return source.data_pass(function, indices)
            finally:
                self.train(was_training)

        return DatasetPass(source.n_samples, run)
