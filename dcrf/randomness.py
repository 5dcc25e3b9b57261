"""Independent random streams from one seed, one per purpose."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor


@dataclass(frozen=True, slots=True)
class RandomStreams:
    """Seeds and generators derived from one seed and a purpose.

    A purpose is any sequence of words and numbers. A new purpose changes no other stream.
    """

    seed: int
    _checkpointed: dict[str, Generator] = field(default_factory=dict, repr=False, compare=False)

    def seed_for(self, *purpose: object) -> int:
        """Return the 63-bit seed of this purpose."""
        text = "/".join(map(str, (self.seed, *purpose)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1

    def generator(self, *purpose: object) -> Generator:
        """Return a new CPU generator at the start of this purpose's stream."""
        return Generator().manual_seed(self.seed_for(*purpose))

    def checkpointed_generator(self, *purpose: object) -> Generator:
        """Return a generator like `generator` whose state is part of `state_dict`.

        For objects that draw from it over many iterations. A second call with the same purpose
        starts the stream again and replaces the first generator.
        """
        generator = self.generator(*purpose)
        self._checkpointed["/".join(map(str, purpose))] = generator
        return generator

    def state_dict(self) -> dict[str, Tensor]:
        """Return the states of all checkpointed generators, by purpose."""
        return {purpose: draws.get_state() for purpose, draws in self._checkpointed.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the generators that exist. Later ones start at the beginning of their stream."""
        for purpose, generator in self._checkpointed.items():
            if purpose in state:
                generator.set_state(state[purpose].cpu())


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seed torch's global generators inside the block, and restore them afterwards.

    For operations that accept no generator: layer initialization, dropout, random transforms.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


class GlobalGenerators:
    """Torch's global generators as an object with a state to checkpoint."""

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Return the states of the CPU generator and, if CUDA is in use, of all GPUs."""
        gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        return {"cpu": [torch.get_rng_state()], "cuda": gpus}

    def load_state_dict(self, state: Mapping[str, list[Tensor]]) -> None:
        """Restore `state_dict`'s result."""
        torch.set_rng_state(state["cpu"][0].cpu())
        for device, values in enumerate(state["cuda"]):
            torch.cuda.set_rng_state(values.cpu(), device)


def draw_seed(generator: Generator) -> int:
    """Draw a 31-bit seed, for libraries that take an integer."""
    return int(torch.randint(2**31 - 1, (), generator=generator))


def random_indices(n_samples: int, most: int) -> NDArray[np.int64]:
    """Return the sorted indices of a random sub-sample of at most `most` samples.

    It depends on the two numbers only, so every use on a data set takes the same samples. Evenly
    spaced samples would be biased by data whose rows repeat a pattern, as of classes.
    """
    if n_samples <= most:
        return np.arange(n_samples)
    return np.sort(np.random.default_rng(0).choice(n_samples, most, replace=False))
