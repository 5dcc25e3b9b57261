"""Run a function in several processes that share the rows of networks."""

from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from dcrf.parallel.world import World, together
from dcrf.runs.process_entry import start_server

_TIMEOUT = timedelta(seconds=100)


def in_processes(function: Callable[..., Any], size: int, folder: Path, *arguments: Any) -> list:
    """Call a function in `size` processes; return its results by rank.

    Args:
        function: at the top of a module. Its result can be saved by torch.
        size: number of processes.
        folder: an empty folder.
        arguments: of the function.
    """
    start_server()  # it has imported torch
    processes = [
        get_context("forkserver").Process(
            target=_run, args=(function, arguments, rank, size, folder)
        )
        for rank in range(size)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * size
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(size)]


def _run(
    function: Callable[..., Any], arguments: tuple, rank: int, size: int, folder: Path
) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(str(folder / "store"), size)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=_TIMEOUT)
    try:
        with together(World(rank, size)):
            torch.save(function(*arguments), folder / f"{rank}.pt")
    finally:
        dist.destroy_process_group()
