"""Independent random streams from one seed, one per purpose."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor


@dataclass(frozen=True, slots=True)
class Streams:
    """Random numbers by purpose, so that adding a purpose leaves the other streams alone."""

    seed: int
    _lasting: dict[str, Generator] = field(default_factory=dict, repr=False, compare=False)

    def seed_of(self, *purpose: object) -> int:
        """Return a 63-bit seed that belongs to this purpose alone."""
        text = "/".join(map(str, (self.seed, *purpose)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1

    def generator(self, *purpose: object) -> Generator:
        """Return a new generator on the CPU at the start of this purpose's stream."""
        return Generator().manual_seed(self.seed_of(*purpose))

    def lasting(self, *purpose: object) -> Generator:
        """Return a generator like `generator`, for who holds it over iterations.

        Its state is part of `state_dict`. Asked for again, it starts anew and takes the place of
        the one before.
        """
        made = self.generator(*purpose)
        self._lasting["/".join(map(str, purpose))] = made
        return made

    def state_dict(self) -> dict[str, Tensor]:
        """Return the states of all lasting generators, by purpose."""
        return {purpose: made.get_state() for purpose, made in self._lasting.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Set the lasting generators that there are; those to come start their stream anyway."""
        for purpose, made in self._lasting.items():
            if purpose in state:
                made.set_state(state[purpose].cpu())


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seed torch's global generators inside the block, and restore them after it.

    For what knows no other generator: layer initialization, dropout, random transforms.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


class GlobalGenerators:
    """Torch's global generators, as a thing whose state can be kept."""

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Return the state of the generator on the CPU and of those on GPUs, if they are in use."""
        gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        return {"cpu": [torch.get_rng_state()], "cuda": gpus}

    def load_state_dict(self, state: Mapping[str, list[Tensor]]) -> None:
        """Go on from a state of `state_dict`."""
        torch.set_rng_state(state["cpu"][0].cpu())
        for device, values in enumerate(state["cuda"]):
            torch.cuda.set_rng_state(values.cpu(), device)


def draw_seed(generator: Generator) -> int:
    """Take one 31-bit seed from a generator, for libraries that want an integer."""
    return int(torch.randint(2**31 - 1, (), generator=generator))
