"""Whether torchrun, or another launcher with its environment variables, has started this process.

It works without torch.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True, slots=True)
class Launched:
    """This process among those that were launched together.

    rank: of the process, from 0.
    size: number of processes, at least 2.
    local_rank: rank among those of this machine, which is also the number of its GPU.
    """

    rank: int
    size: int
    local_rank: int


def launched(environment: Mapping[str, str] = os.environ) -> Launched | None:
    """Return this process among others; None if it was started by itself."""
    if not all(environment.get(name) for name in _NEEDED):
        return None
    rank, size = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    return Launched(rank, size, int(environment.get("LOCAL_RANK", rank))) if size > 1 else None
