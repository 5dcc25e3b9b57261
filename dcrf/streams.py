"""Independent random streams from one seed, one per purpose."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Generator


@dataclass(frozen=True, slots=True)
class Streams:
    """Random numbers by purpose, so that adding a purpose leaves the other streams alone."""

    seed: int

    def seed_of(self, *purpose: object) -> int:
        """Return a 63-bit seed that belongs to this purpose alone."""
        text = "/".join(map(str, (self.seed, *purpose)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1

    def generator(self, *purpose: object) -> Generator:
        """Return a new generator on the CPU at the start of this purpose's stream."""
        return Generator().manual_seed(self.seed_of(*purpose))


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seed torch's global generators inside the block, and restore them after it.

    For what knows no other generator: layer initialisation, dropout, random transforms.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def draw_seed(generator: Generator) -> int:
    """Take one 31-bit seed from a generator, for libraries that want an integer."""
    return int(torch.randint(2**31 - 1, (), generator=generator))
