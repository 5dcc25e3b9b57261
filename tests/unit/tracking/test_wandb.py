"""Weights & Biases gets the metrics of a run without a connection."""

import pytest

pytest.importorskip("wandb")


@pytest.mark.filterwarnings("ignore")  # those of its threads
def test_the_offline_file_has_curves_and_final_scores(tracked, monkeypatch):
    from dcrf.tracking.wandb import Wandb  # noqa: PLC0415 - after the skip

    monkeypatch.delenv("WANDB_MODE", raising=False)
    tracker = Wandb(tracked)
    tracker.log("digits/pretraining", 5, {"losses/a": 0.5})
    tracker.close("ok", {"digits/acc": 0.75})

    (file,) = tracked.folder.parents[1].glob("wandb/offline-run-*/run-*.wandb")
    content = file.read_bytes()
    assert b"digits/pretraining/losses/a" in content
    assert b"digits/acc" in content
