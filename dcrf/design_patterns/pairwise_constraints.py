"""Encouraging cluster formation by pairs of samples that must, or cannot, share a cluster."""

import torch
from torch import Generator, Tensor

from dcrf.assignment.base import Assignment
from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import DataError, OptionError
from dcrf.functional.pairwise_constraints import cannot_link, must_link
from dcrf.mappings.late_buffers import LateBuffers
from dcrf.storage.pair_files import read_pairs


class PairwiseConstraints(DesignPattern):
    """Pairs of samples, such as a person has sorted, pull and push assignments.

    In every iteration, one partner of each kind is drawn for each sample of the batch that has
    some. Results are marked `label_informed`.

    Formula:
        L_must_link = -1/m sum log sum_j p_j q_j, over pairs with the assignments p and q
        L_cannot_link = -1/m sum log(1 - sum_j p_j q_j)

    Losses:
        must_link: -log sum_k p_k q_k, nats, >= 0, the mean over the samples with a partner that
            must share their cluster; 0 if the batch has none.
        cannot_link: -log(1 - sum_k p_k q_k), nats, >= 0, the mean over the samples with a partner
            that cannot; 0 if the batch has none.

        Gradient flows through both assignments p and q.

    Shapes:
        samples (n, *sample_shape) and companions (n, 2, *sample_shape) -> log-assignments (n, k)
        and (2 n, k). A sample without a partner of a kind accompanies itself and does not count.

    Args:
        assignment: maps samples to (n, k) log soft assignments.
        path: of a table in CSV with the columns `first`, `second` and `sign`, or of an `.npz` file
            with the arrays `pairs`, (m, 2), and `signs`, (m,). A sign is 1 or -1.
        n_clusters: k of the data set.
        generator: draws the partners.

    Raises:
        OptionError: the file has invalid pairs, or an index beyond the data set; or a pair cannot
            share the only cluster.

    Source: Zhang, Basu and Davidson, ECML PKDD 2019, pairwise constraints,
        https://arxiv.org/abs/1901.10061. In the authors' code, batches of pairs follow those of
        samples in each epoch, and samples of pairs that must be together are reconstructed.
    """

    loss_names = ("must_link", "cannot_link")

    def __init__(
        self, *, assignment: Assignment, path: str, n_clusters: int, generator: Generator
    ) -> None:
        super().__init__()
        self.assignment, self.path = assignment, path
        try:
            pairs = read_pairs(path)
        except DataError as error:
            raise OptionError("path", str(error)) from error
        if len(pairs.cannot_link) and n_clusters == 1:
            raise OptionError("path", f"{path}: pairs cannot be apart in a single cluster")
        self.must_link = _Partners(pairs.must_link, generator)
        self.cannot_link = _Partners(pairs.cannot_link, generator)

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Sort the partners by sample if that has not happened yet."""
        for partners in (self.must_link, self.cannot_link):
            try:
                partners.sort_once(data_pass.n_samples)
            except DataError as error:
                raise OptionError("path", f"{self.path}: {error}") from error

    def companions(self, indices: Tensor) -> Tensor:
        """Draw a partner of each kind (n, 2), the sample itself if it has none."""
        return torch.stack([self.must_link.draw(indices), self.cannot_link.draw(indices)], dim=1)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of the samples of the batch and their partners."""
        if batch.companions is None:
            raise RuntimeError("the batch has no companions")
        own = self.assignment(batch.samples)
        partners = self.assignment(batch.companions.flatten(0, 1)).unflatten(0, (-1, 2))
        return {
            "must_link": must_link(own, partners[:, 0], self.must_link.has_any(batch.indices)),
            "cannot_link": cannot_link(
                own, partners[:, 1], self.cannot_link.has_any(batch.indices)
            ),
        }


class _Partners(LateBuffers):
    """The partners of every sample in pairs of one kind, drawn with equal probability.

    ends: (N + 1,) int64, 0 and the number of partners of the samples up to each.
    partners: (2 m + 1,) int64, of all samples in order; the last one is a stand-in.
    """

    late_buffers = ("ends", "partners")
    ends: Tensor | None
    partners: Tensor | None

    def __init__(self, pairs: Tensor, generator: Generator) -> None:
        super().__init__()
        self.pairs, self.generator = pairs, generator

    def sort_once(self, n_samples: int) -> None:
        """Sort the partners by sample, unless they are.

        Raises:
            DataError: an index is beyond the data set.
        """
        if self.ends is not None:
            return
        if len(beyond := self.pairs[self.pairs[:, 1] >= n_samples]):
            first, second = beyond[0].tolist()
            raise DataError(
                f"samples {first} and {second} are a pair, but the data set has {n_samples} "
                f"samples, whose indices go from 0 to {n_samples - 1}"
            )
        samples, partners = torch.cat([self.pairs, self.pairs.flip(1)]).unbind(1)
        numbers = torch.bincount(samples, minlength=n_samples)
        self.ends = torch.cat([numbers.new_zeros(1), numbers.cumsum(0)])
        order = (samples * n_samples + partners).argsort()
        self.partners = torch.cat([partners[order], numbers.new_zeros(1)])

    def has_any(self, indices: Tensor) -> Tensor:
        """Return (n,) bool: whether the samples at these indices have a partner."""
        ends, _ = self._on(indices.device)
        return ends[indices + 1] > ends[indices]

    def draw(self, indices: Tensor) -> Tensor:
        """Draw a partner (n,) of the samples at these indices, themselves if they have none."""
        ends, partners = self._on(indices.device)
        starts, numbers = ends[indices], ends[indices + 1] - ends[indices]
        # in the order of the indices, so that a draw does not depend on the place in the batch
        draws = torch.rand(indices.shape, generator=self.generator, dtype=torch.float64)
        draws = draws.to(indices.device)[indices.argsort().argsort()]
        drawn = partners[starts + (draws * numbers).long()]
        return drawn.where(numbers > 0, indices)

    def _on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the ends and the partners, which stay on the device of the indices."""
        if self.ends is None or self.partners is None:
            raise RuntimeError("before_iteration has not been called: it sorts the partners")
        self.ends, self.partners = self.ends.to(device), self.partners.to(device)
        return self.ends, self.partners
