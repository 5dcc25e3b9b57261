"""TensorBoard gets the scalars of a run in its folder."""

import pytest

loader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def test_the_event_file_has_curves_and_final_scores(tracked):
    from dcrf.tracking.tensorboard import Tensorboard  # noqa: PLC0415 - after the skip

    tracker = Tensorboard(tracked)
    tracker.log("digits/pretraining", 5, {"losses/a": 0.5})
    tracker.log("digits/pretraining", 10, {"losses/a": 0.25})
    tracker.close("ok", {"digits/acc": 0.75})

    events = loader.EventAccumulator(str(tracked.folder / "tensorboard"))
    events.Reload()
    curve = events.Scalars("digits/pretraining/losses/a")
    assert [(event.step, event.value) for event in curve] == [(5, 0.5), (10, 0.25)]
    assert [event.value for event in events.Scalars("final/digits/acc")] == [0.75]
    (configuration,) = events.Tensors("configuration/text_summary")
    assert b'"name": "pretraining"' in configuration.tensor_proto.string_val[0]
