"""Connect the processes that torchrun has started, and run jobs in all of them.

The first process leads: it checks files, writes results and sends each job to the others, which
follow it. All run the job in the process itself, one job after another.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from dcrf.batch import DatasetPass, Place
from dcrf.builder import RunContext, build_plans
from dcrf.config.method_config import SaveConfig
from dcrf.errors import DcrfError, ProcessError, causes, first_line
from dcrf.evaluation.evaluator import Labels
from dcrf.parallel.replicas import share_state
from dcrf.parallel.world import World, agreed, together
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import NO_WRITER, say
from dcrf.runs.device import resolve_device
from dcrf.runs.job import Job
from dcrf.runs.launched import Launched
from dcrf.storage.checkpoint_files import state_from_bytes
from dcrf.storage.tensor_files import to_bytes
from dcrf.training.checkpoints import AgreedCheckpoints, NoCheckpoints
from dcrf.training.interfaces import DataSource
from dcrf.training.interruption import StopRequest, handle_signals
from dcrf.training.method import Method
from dcrf.training.phase import Hook
from dcrf.training.start import FRESH, ResumedStart, Start
from dcrf.training.trainer import Trainer

OK, FAILED = 0, 1
_TIMEOUT = timedelta(hours=1)
"""Until a process that does not answer counts as ended. The others wait while one writes files."""


def follow(process: Launched) -> int:
    """Run the jobs that the first process sends, without writing anything; return the exit code."""
    with handle_signals(StopRequest()):  # the first process decides when to stop
        try:
            with connected(process) as world:
                while True:
                    job: Job | None = world.from_first(None)
                    if job is None:
                        return OK
                    with together(world):
                        run_beside(job)
        except KeyboardInterrupt:
            return FAILED
        except DcrfError as error:
            # the first process tells that another one has ended
            if not any(isinstance(cause, ProcessError) for cause in causes(error)):
                say(f"process {process.rank} of {process.size}: {error}", is_error=True)
            return FAILED


@contextmanager
def connected(process: Launched) -> Iterator[World]:
    """Connect the processes inside the block: by gloo, and on GPUs by NCCL.

    Raises:
        ProcessError: not all of them answer.
    """
    backend = "gloo"
    if torch.cuda.is_available():
        if process.local_rank < torch.cuda.device_count():  # methods may run on the CPU anyway
            torch.cuda.set_device(process.local_rank)
        backend = "cpu:gloo,cuda:nccl"
    try:
        dist.init_process_group(backend, timeout=_TIMEOUT)
    except (RuntimeError, ValueError) as error:
        raise ProcessError(f"the processes cannot be connected: {first_line(error)}") from error
    try:
        yield World(process.rank, process.size)
    finally:
        dist.destroy_process_group()


def send_start(start: Start) -> None:
    """Send the start of a run to the other processes, if there are any."""
    agreed(to_bytes(start.state) if isinstance(start, ResumedStart) else None)


def _received_start(device: str) -> Start:
    content: bytes | None = agreed(None)
    if content is None:
        return FRESH
    return ResumedStart(state_from_bytes(content, "the checkpoint", device), NO_WRITER)


def run_beside(job: Job) -> None:
    """Run a job as the first process does, and write nothing.

    Raises:
        DcrfError: the run fails.
        KeyboardInterrupt: it was interrupted.
    """
    if torch.get_num_threads() != job.threads:
        torch.set_num_threads(job.threads)
    output, device = job.output, resolve_device(job.config.device)
    files = _FilesOfFirst(saves_moments=output.moments_interval is not None)
    run = RunContext(job.config, RandomStreams(job.seed), device, NO_WRITER, files)
    checkpoints = AgreedCheckpoints(NoCheckpoints())
    trainer = Trainer(build_plans(run), run.streams, NO_WRITER, checkpoints, output.end)
    trainer.run(_received_start(device))


class _FilesOfFirst:
    """The files of a run in another process than the first one, which reads and writes them."""

    def __init__(self, *, saves_moments: bool) -> None:
        self.saves_moments = saves_moments

    def file_to_save(self, entry: SaveConfig, dataset: str) -> Path:
        """Return a path that is not used."""
        return Path()

    def save_part(self, tensors: Mapping[str, Tensor], file: Path) -> None:
        """Save nothing."""

    def load_part(self, part: nn.Module, file: Path) -> None:
        """Fill a part with what the first process has loaded."""
        share_state(part)

    def read_tensor(self, file: Path, name: str) -> Tensor:
        """Return the tensor that the first process has read."""
        tensor: Any = agreed(None)
        return tensor

    def save_phase(self, dataset: str, phase: str, method: Method, source: DataSource) -> None:
        """Save nothing."""

    def hooks(self, place: Place, method: Method, data_pass: DatasetPass) -> list[Hook]:
        """Return as many hooks as the first process has."""
        return [Hook()] if self.saves_moments else []

    def save_results(
        self,
        dataset: str,
        method: Method,
        clusters: Labels | None,
        source: DataSource | None = None,
    ) -> None:
        """Save nothing."""

    def save_reclustering(
        self, dataset: str, name: str, clusters: Labels | None, ids: Sequence[str] | None = None
    ) -> None:
        """Save nothing."""
