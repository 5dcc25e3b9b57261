"""MLflow gets the metrics of runs in one database beside them."""

import pytest

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("sqlalchemy")

pytestmark = pytest.mark.filterwarnings("ignore")  # those of its database


def test_the_database_has_curves_final_scores_and_the_status(tracked, monkeypatch):
    from dcrf.tracking.mlflow import Mlflow  # noqa: PLC0415 - after the skip

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    Mlflow(tracked).log("digits/pretraining", 5, {"losses/a": 0.5})
    resumed = Mlflow(tracked)
    resumed.log("digits/pretraining", 10, {"losses/a": 0.25})
    resumed.close("ok", {"digits/acc": 0.75})

    database = tracked.folder.parents[1] / "mlflow.db"
    client = mlflow.tracking.MlflowClient(tracking_uri=f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("dcrf")
    (run,) = client.search_runs([experiment.experiment_id])
    curve = client.get_metric_history(run.info.run_id, "digits/pretraining/losses/a")
    assert [(point.step, point.value) for point in curve] == [(5, 0.5), (10, 0.25)]
    assert run.data.metrics["final/digits/acc"] == 0.75
    assert run.data.tags.items() >= {"method": "tiny", "seed": "3", "status": "ok"}.items()
    assert run.info.status == "FINISHED"
    (configuration,) = (database.parent / "mlflow_files").rglob("config.json")
    assert '"name": "tiny"' in configuration.read_text()
