"""Stand-ins for a method and a data source on torch's meta device: shapes without values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dcrf.batch import Batch, Clock, DatasetPass, ProblemBatch, SideTargets
from dcrf.builder.method import Places, build_method
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.data.batch_order import Loading, batch_sizes, pass_batch_size, pass_sizes
from dcrf.dry_run.expected_data import DEFAULT_VIEW
from dcrf.dry_run.module_trace import ModuleTrace
from dcrf.dry_run.saved_parameters import PredictedFiles
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams
from dcrf.training.method import Method

META = torch.device("meta")


@dataclass(frozen=True, slots=True)
class MetaMethod:
    """A method on the meta device.

    places: its mappings, layers and functions -> JSON path.
    """

    method: Method
    places: Places


def build_on_meta(
    config: MethodConfig, dataset: DatasetConfig, files: PredictedFiles
) -> MetaMethod:
    """Build a method for a data set on the meta device."""
    places: Places = {}
    with META:
        method = build_method(
            config, dataset.num_clusters, RandomStreams(0), files.read_tensor, places
        )
    return MetaMethod(method, places)


@dataclass(frozen=True, slots=True)
class MetaSource:
    """Stands in for a data source.

    shapes: view -> shape of a sample.
    n_samples: N, None if it is unknown.
    loading: batch size and the like.
    method: in evaluation mode during a pass.
    trace: registers every batch.
    targets: side targets of one sample or more; None without any.
    has_problems: whether samples are clustering problems, sets of objects.
    """

    shapes: Mapping[str, tuple[int, ...]]
    n_samples: int | None
    loading: Loading
    method: Method
    trace: ModuleTrace
    targets: SideTargets | None = None
    has_problems: bool = False

    def batch_sizes(self) -> list[int]:
        """Return the different sizes of the batches of an epoch."""
        if self.n_samples is None:
            return [self.loading.batch_size]
        sizes = list(dict.fromkeys(batch_sizes(self.n_samples, self.loading)))
        return sizes or [self.loading.batch_size]  # too few samples are reported elsewhere

    def batch(self, size: int) -> Batch:
        """Return a batch of this size with all views."""
        views = {v: torch.empty(size, *shape, device=META) for v, shape in self.shapes.items()}
        self.trace.start_batch(views)
        indices = torch.empty(size, dtype=torch.int64, device=META)
        samples = views.pop(DEFAULT_VIEW)
        if not self.has_problems:
            return Batch(indices, samples, views)
        partition = torch.empty(samples.shape[:2], dtype=torch.int64, device=META)
        return ProblemBatch(indices, samples, views, partition=partition, same_share=0.5)

    def companions(self, purpose: str, clock: Clock, indices: Tensor, view: str | None) -> Tensor:
        """Return the companions of a batch, (n, m, *sample_shape)."""
        shape = self.shapes[DEFAULT_VIEW if view is None else view]
        return torch.empty(*indices.shape, *shape, device=META)

    def side_targets(self, indices: Tensor) -> SideTargets:
        """Return the side targets of a batch, (n, ...)."""
        if self.targets is None:
            raise DataError("the data set has no side targets")
        row = self.targets.values[0]
        values = torch.empty(*indices.shape, *row.shape, dtype=row.dtype, device=META)
        return self.targets._replace(values=values)

    def data_pass(self) -> DatasetPass:
        """Return a pass over the data set. It runs each size of batch once."""
        size = self.n_samples or pass_batch_size(self.loading)

        def run(function: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
            was_training = self.method.training
            self.method.eval()
            try:
                with torch.no_grad():
                    for of_batch in dict.fromkeys(pass_sizes(len(indices), self.loading)):
                        rows = function(self.batch(of_batch))
            finally:
                self.method.train(was_training)
            return rows.new_empty(len(indices), *rows.shape[1:])

        return DatasetPass(size, run)

    def clustering_pass(self, n_clusters: int) -> DatasetPass:
        """Return a pass over at least as many samples as clusters, if their number is unknown."""
        data_pass = self.data_pass()
        if self.n_samples is not None:
            return data_pass
        return replace(data_pass, n_samples=max(data_pass.n_samples, n_clusters))
