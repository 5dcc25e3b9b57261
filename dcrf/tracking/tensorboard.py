"""TensorBoard: event files in the run folder, shown by `tensorboard --logdir runs`."""

import json
from collections.abc import Mapping

from dcrf.extras import optional_package
from dcrf.tracking.base import TrackedRun, Tracker


class Tensorboard(Tracker):
    """Writes `RUN/tensorboard/`.

    Raises:
        DataError: the package is missing.
    """

    def __init__(self, run: TrackedRun) -> None:
        optional_package("tensorboard", "tensorboard")
        tensorboard = optional_package("torch.utils.tensorboard", "tensorboard")
        self.events = tensorboard.SummaryWriter(str(run.folder / "tensorboard"))
        configuration = json.dumps(run.configuration, indent=2)
        self.events.add_text("configuration", f"```json\n{configuration}\n```")

    def log(self, group: str, step: int, values: Mapping[str, float]) -> None:
        """Write the scalars `<group>/<name>`."""
        for name, value in values.items():
            self.events.add_scalar(f"{group}/{name}", value, step)

    def close(self, status: str, scores: Mapping[str, float]) -> None:
        """Write the final scores as scalars `final/<name>`, and the status as a text."""
        for name, score in scores.items():
            self.events.add_scalar(f"final/{name}", score)
        self.events.add_text("status", status)
        self.events.close()
