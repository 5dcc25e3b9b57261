"""One phase in training: a method's losses and the optimizers that lower them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from benchmarks.straightforward.images import Batch


class Method(Protocol):
    """What computes the losses of a phase."""

    def losses(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """Return unweighted losses by name; iterations count from 1."""


@dataclass
class Straightforward:
    """A phase of a configuration, ready to train.

    networks: by the names of the configuration.
    centroids: (k, d), or (0,) in a phase without any.
    method: computes the losses.
    optimizers: each with the weights of the losses that it lowers, by their names. A loss may
        only reach parameters of its own optimizer or of a later one.
    batches: what is trained on.
    iteration: the number of the last iteration, 0 before the first.
    """

    networks: Mapping[str, nn.Module]
    centroids: nn.Parameter
    method: Method
    optimizers: Sequence[tuple[Optimizer, Mapping[str, float]]]
    batches: Iterator[Batch]
    iteration: int = 0

    def run(self, iterations: int) -> None:
        """Train for a number of iterations, further from where the last call ended."""
        for _ in range(iterations):
            self.step(next(self.batches))

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Do one iteration on a batch; return its unweighted losses."""
        self.iteration += 1
        losses = self.method.losses(batch, self.iteration)
        for optimizer, weights in self.optimizers:
            # what earlier losses left in these parameters goes with the old gradients
            optimizer.zero_grad()
            torch.stack(
                [weight * losses[name] for name, weight in weights.items()]
            ).sum().backward()
        for optimizer, _ in self.optimizers:
            optimizer.step()
        return losses
