"""`main.py` in several processes, as torchrun starts it but forked from a server with torch."""

import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from dcrf.cli.main import main
from dcrf.runs.process_entry import start_server
from dcrf.training.interruption import SIGNALS


def launch(folder: Path, *arguments: object, size: int = 2) -> list[BaseProcess]:
    """Start the processes; each writes its output to `<rank>.txt` in a folder."""
    start_server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(argument) for argument in arguments]
    processes: list[BaseProcess] = [
        get_context("forkserver").Process(target=_main, args=(rank, size, port, words, folder))
        for rank in range(size)
    ]
    for process in processes:
        process.start()
    return processes


def exit_codes(processes: Sequence[BaseProcess]) -> list[int | None]:
    """Wait for processes; return their exit codes by rank."""
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def _main(rank: int, size: int, port: int, arguments: list[str], folder: Path) -> None:
    torch.set_num_threads(1)
    numbers = {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": rank, "MASTER_PORT": port}
    os.environ |= {"MASTER_ADDR": "127.0.0.1"} | {n: str(value) for n, value in numbers.items()}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    with (
        (folder / f"{rank}.txt").open("w") as output,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        code = main(arguments)
    raise SystemExit(code)
