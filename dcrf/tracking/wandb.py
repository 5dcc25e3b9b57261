"""Weights & Biases: files in the output folder, sent by `wandb sync`."""

import hashlib
import os
from collections.abc import Mapping

from dcrf.extras import optional_package
from dcrf.tracking.base import TrackedRun, Tracker


class Wandb(Tracker):
    """Writes `runs/wandb/`, and sends nothing unless `WANDB_MODE` is `online`.

    A resumed run has the same id.

    Raises:
        DataError: the package is missing.
    """

    def __init__(self, run: TrackedRun) -> None:
        wandb = optional_package("wandb", "wandb")
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or "dcrf",
            name=run.name,
            id=hashlib.sha256(str(run.folder.absolute()).encode()).hexdigest()[:16],
            dir=str(run.folder.absolute().parents[1]),
            config=dict(run.configuration),
            mode=os.environ.get("WANDB_MODE") or "offline",
            resume="allow",
            settings=wandb.Settings(silent=True, console="off"),
        )
        self.groups: set[str] = set()

    def log(self, group: str, step: int, values: Mapping[str, float]) -> None:
        """Write the metrics `<group>/<name>` over `<group>/iteration`."""
        counter = f"{group}/iteration"
        if group not in self.groups:
            self.run.define_metric(f"{group}/*", step_metric=counter)
            self.groups.add(group)
        named = {f"{group}/{name}": value for name, value in values.items()}
        self.run.log({**named, counter: step})

    def close(self, status: str, scores: Mapping[str, float]) -> None:
        """Write the final scores and the status into the summary."""
        self.run.summary.update({**scores, "status": status})
        self.run.finish(exit_code=0 if status == "ok" else 1)
