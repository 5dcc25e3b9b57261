"""The training loop of a phase: the losses of a method, and its optimizers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from benchmarks.straightforward.images import Batch


class Method(Protocol):
    """Computes the losses of a phase."""

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return unweighted losses by name; iterations count from 1."""


@dataclass
class Straightforward:
    """A phase of a configuration, ready to train.

    networks: by the names of the configuration.
    centroids: (k, d), or (0,) in a phase without centroids.
    method: computes the losses.
    optimizers: each with the weights of its losses by name. A loss may only reach parameters
        of its own optimizer or of a later one.
    batches: of training.
    iteration: the number of the last iteration, 0 before the first.
    """

    networks: Mapping[str, nn.Module]
    centroids: nn.Parameter
    method: Method
    optimizers: Sequence[tuple[Optimizer, Mapping[str, float]]]
    batches: Iterator[Batch]
    iteration: int = 0

    def run(self, iterations: int) -> None:
        """Continue training for a number of iterations."""
        for _ in range(iterations):
            self.step(next(self.batches))

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Run one iteration on a batch; return its unweighted losses."""
        self.iteration += 1
        losses = self.method.losses(batch, self.iteration)
        for optimizer, weights in self.optimizers:
            # this also removes gradients of earlier losses
            optimizer.zero_grad()
            torch.stack(
                [weight * losses[name] for name, weight in weights.items()]
            ).sum().backward()
        for optimizer, _ in self.optimizers:
            optimizer.step()
        return losses
