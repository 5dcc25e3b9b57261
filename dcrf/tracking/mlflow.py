"""MLflow: a database in the output folder, shown by `mlflow ui`."""

import logging
import os
import re
import time
from collections.abc import Mapping

from dcrf.extras import optional_package
from dcrf.storage.atomic_files import waiting_lock
from dcrf.tracking.base import TrackedRun, Tracker

_EXPERIMENT = "dcrf"
_RUN_FILE, _FILES = "mlflow_run.txt", "mlflow_files"
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_\-. :/]")  # in names of metrics


class Mlflow(Tracker):
    """Writes to the server in `MLFLOW_TRACKING_URI`, by default to `runs/mlflow.db` and beside it.

    The run folder keeps the id of MLflow's run, so that a resumed run continues it.

    Raises:
        DataError: the package is missing.
    """

    def __init__(self, run: TrackedRun) -> None:
        mlflow = optional_package("mlflow", "mlflow")
        logging.getLogger("mlflow").setLevel(logging.WARNING)  # it reports a new database
        self.metric = mlflow.entities.Metric
        output = run.folder.absolute().parents[1]
        server = os.environ.get("MLFLOW_TRACKING_URI")
        address = server or f"sqlite:///{output / 'mlflow.db'}"
        files = None if server else (output / _FILES).as_uri()
        with waiting_lock(output / _FILES):  # runs that start at the same time make one database
            self.client = mlflow.tracking.MlflowClient(tracking_uri=address)
            self.id = self._started(run, files)

    def log(self, group: str, step: int, values: Mapping[str, float]) -> None:
        """Write the metrics `<group>/<name>`."""
        now = int(time.time() * 1000)
        metrics = [
            self.metric(_NOT_ALLOWED.sub("_", f"{group}/{name}"), value, now, step)
            for name, value in values.items()
        ]
        self.client.log_batch(self.id, metrics=metrics)

    def close(self, status: str, scores: Mapping[str, float]) -> None:
        """Write the final scores as metrics `final/<name>`, and the status as a tag."""
        self.log("final", 0, scores)
        self.client.set_tag(self.id, "status", status)
        self.client.set_terminated(self.id, "FINISHED" if status == "ok" else "FAILED")

    def _started(self, run: TrackedRun, files: str | None) -> str:
        """Return the id of a new run, or of the one that the run folder names.

        Args:
            run: the run.
            files: where MLflow keeps the files of runs; None if a server decides.
        """
        file = run.folder / _RUN_FILE
        if file.exists():
            return file.read_text().strip()
        experiment = self.client.get_experiment_by_name(_EXPERIMENT)
        number = (
            self.client.create_experiment(_EXPERIMENT, artifact_location=files)
            if experiment is None
            else experiment.experiment_id
        )
        tags = {"method": run.method, "seed": str(run.seed), "folder": str(run.folder)}
        started: str = self.client.create_run(number, tags=tags, run_name=run.name).info.run_id
        self.client.log_dict(started, dict(run.configuration), "config.json")
        file.write_text(f"{started}\n")
        return started
