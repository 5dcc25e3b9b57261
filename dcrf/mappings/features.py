"""Features: the vectors that clusters are formed in."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcrf.batch import Batch, DatasetPass, DatasetRows
from dcrf.mappings.forward_cache import CachedModule
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.sized_later import SizedLater


class Features(CachedModule):
    """Maps samples to features (n, d): outputs of layers, each normalized, concatenated.

    Args:
        mapping: runs on the samples.
        layers: names of layers of the mapping; without any, the mapping's output is the only block.
        normalize: `none`; `l2` divides each row of a block by its Euclidean length; `z_score`
            standardizes each column by its mean and standard deviation over the data set at the
            last call of `rows`.

    Source: Saito and Tan, Neural Clustering, ICLR workshop 2017, for several layers.
    """

    def __init__(
        self, mapping: TrainableMapping, layers: Sequence[str] = (), normalize: str = "none"
    ) -> None:
        super().__init__()
        self.mapping, self.layers, self.normalize = mapping, tuple(layers), normalize
        mapping.keep_outputs(self.layers)
        self.statistics = Statistics()

    def forward(self, samples: Tensor) -> Tensor:
        """Return features (n, d) of samples (n, *sample_shape)."""
        features = self.cached(samples, lambda: self._blocks(samples))
        return self.statistics(features) if self.normalize == "z_score" else features

    def measure_once(self, data_pass: DatasetPass) -> None:
        """Measure the statistics of `z_score` unless they are measured or loaded."""
        if self.normalize == "z_score" and not self.statistics.mean.numel():
            self.statistics.measure(data_pass, self._blocks)

    def rows(self, data_pass: DatasetPass) -> DatasetRows:
        """Return the features (N, d) of a whole data set, computed on demand.

        For `z_score`, mean and standard deviation are measured first.
        """
        if self.normalize == "z_score":
            self.statistics.measure(data_pass, self._blocks)
        return DatasetRows(data_pass, self)

    def owned(self) -> nn.Module | None:
        """Return the module with the measured statistics, None without any."""
        return self.statistics if self.normalize == "z_score" else None

    def with_statistics(self, name: str, module: nn.Module) -> nn.Module:
        """Return a module, or under its name together with the measured statistics, if any."""
        statistics = self.owned()
        if statistics is None:
            return module
        return nn.ModuleDict({name: module, "features": statistics})

    def _blocks(self, samples: Tensor) -> Tensor:
        outputs = self.mapping.outputs_of(samples, self.layers) if self.layers else ()
        blocks = [block.flatten(1) for block in outputs or (self.mapping(samples),)]
        if self.normalize == "l2":
            blocks = [F.normalize(block, dim=1) for block in blocks]
        return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=1)


class Statistics(SizedLater):
    """Standardizes features by the mean and standard deviation of each column.

    mean, deviation: (d,) buffers, of size 0 before `measure`. A constant column has deviation 1.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.empty(0))
        self.register_buffer("deviation", torch.empty(0))

    def forward(self, features: Tensor) -> Tensor:
        """Return standardized features (n, d); unchanged ones before `measure`."""
        return (features - self.mean) / self.deviation if self.mean.numel() else features

    def measure(self, data_pass: DatasetPass, function: Callable[[Tensor], Tensor]) -> None:
        """Measure the columns of `function`'s rows over a data set, in one pass of float64."""
        first = torch.arange(min(2, data_pass.n_samples))
        # sums of squares lose digits far from zero
        shift = data_pass(lambda batch: function(batch.samples), first).double().mean(0)
        total, squares = torch.zeros_like(shift), torch.zeros_like(shift)

        def add(batch: Batch) -> Tensor:
            nonlocal total, squares
            rows = function(batch.samples).double() - shift
            total, squares = total + rows.sum(0), squares + rows.square().sum(0)
            return rows[:, :0]

        data_pass(add)
        mean = total / data_pass.n_samples
        variance = (squares / data_pass.n_samples - mean.square()).clamp(min=0)
        deviation = torch.where(variance > 0, variance.sqrt(), torch.ones_like(variance))
        self.mean, self.deviation = (shift + mean).float(), deviation.float()
