"""`dcrf.run` trains in this process, and leaves it as it was."""

import io
import json
import logging
import os
import random
import signal
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import dcrf
from dcrf.config import load_checked
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from dcrf.storage.atomic_files import read_json
from tests.cases.methods import digits, linear, method, written

DIGITS = (load_digits().images / 16).astype(np.float32)[:200, None]  # (200, 1, 8, 8)


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


def process_state():
    """What a library must not change in the process of its caller."""
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": [np.asarray(part).tolist() for part in np.random.get_state()],  # noqa: NPY002
        "python": random.getstate(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "modes": (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device()),
        "warnings": list(warnings.filters),
        "logging": (logging.root.level, logging.root.handlers[:], logging.root.manager.disable),
        "signals": [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)],
        "environment": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
        "folder": Path.cwd(),
    }


@pytest.fixture
def nothing_changes(tmp_path, monkeypatch):
    """Fail if the test changes the state of the process."""
    monkeypatch.chdir(tmp_path)
    before = process_state()
    yield
    assert process_state() == before


def test_a_dict_is_trained_without_writing_or_printing(nothing_changes, tmp_path, capsys):
    content = method()

    result = dcrf.run(content, seed=3)

    assert result.scores.keys() == result.clusters.keys() == {"digits"}
    assert result.scores["digits"].keys() == {"acc", "nmi", "ari"}
    assert (result.clusters["digits"].shape, result.clusters["digits"].dtype) == ((200,), np.int64)
    assert [(p.phase, p.iteration) for p in result.phases] == [
        ("pretraining", 4),
        ("finetuning", 4),
    ]
    assert (result.seed, result.folder, result.label_informed) == (3, None, False)
    assert result.history[-1]["evaluation"]["acc"] == result.scores["digits"]["acc"]
    assert result.seconds > 0
    assert content == method()
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr() == ("", "")


def test_a_run_folder_is_that_of_the_command_line(nothing_changes, tmp_path):
    own = dcrf.run(method(), seed=1, output_dir=tmp_path / "own")
    in_memory = dcrf.run(method(), seed=1)
    run_method(load_checked(method()), 1, Output(tmp_path / "line", shows_lines=False))
    (line,) = (tmp_path / "line").glob("*/*")

    assert own.folder.parent == tmp_path / "own" / "tiny"
    for file in ("metrics.jsonl", "result.json", "config.json", "clusters/digits.csv"):
        assert (own.folder / file).read_bytes() == (line / file).read_bytes()
    assert {f.name for f in own.folder.iterdir()} == {f.name for f in line.iterdir()}
    assert lines(own.history) == lines(in_memory.history)
    assert lines(own.history) == (line / "metrics.jsonl").read_text()
    assert in_memory.scores == own.scores


def test_seed_device_and_settings_are_those_of_the_caller(tmp_path):
    file = written(tmp_path, {**method(), "seed": 5, "device": "nowhere"})

    result = dcrf.run(file, device="cpu", settings=["datasets[0].batch_size=20"], max_iterations=2)

    assert (result.seed, result.config.device) == (5, "cpu")
    assert result.config.datasets[0].batch_size == 20
    assert {phase.iteration for phase in result.phases} == {2}
    assert dcrf.run(method(), seed=np.int64(0), max_iterations=1).seed == 0


def test_verbose_prints_the_lines_of_the_log(capsys):
    dcrf.run(method(), verbose=True)

    assert "finetuning  ended at it 4" in capsys.readouterr().out


def test_new_samples_are_assigned_by_the_trained_method(nothing_changes):
    result = dcrf.run(method())

    assignments = result.assign(DIGITS)

    assert (assignments.shape, assignments.dtype) == ((200, 10), np.float32)
    assert np.allclose(assignments.sum(axis=1), 1)
    assert np.array_equal(assignments.argmax(axis=1), result.clusters["digits"])
    assert np.allclose(result.assign(torch.from_numpy(DIGITS[:1])), assignments[:1], atol=1e-6)


def test_new_samples_get_the_transforms_of_their_data_set():
    to_small = [{"type": "CenterCrop", "size": 6}]
    encoder = {**method()["mappings"][0]}
    encoder["layers"] = [
        {"type": "Flatten"},
        {"type": "Linear", "in_features": 36, "out_features": 5},
    ]
    decoder = linear("decoder", 5, 36)
    unflatten = {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 6, 6]}
    decoder["layers"] = [*decoder["layers"], unflatten]
    views = [{"name": "view", "transforms": to_small}]
    data = digits(transforms=to_small, batch_augmentations=views)
    result = dcrf.run(method(mappings=[encoder, decoder], datasets=[data]))

    assert np.array_equal(result.assign(DIGITS).argmax(axis=1), result.clusters["digits"])


def test_samples_that_do_not_fit_the_method_are_refused():
    result = dcrf.run(method(), max_iterations=1)

    with pytest.raises(dcrf.DataError, match=r"samples of shape \(7,\) do not fit the method"):
        result.assign(np.ones((3, 7)))
    with pytest.raises(dcrf.DataError, match="sample 0 has a value that is not finite"):
        result.assign(DIGITS * np.nan)
    with pytest.raises(dcrf.DataError, match="no data set 'digit'; did you mean 'digits'"):
        result.assign(DIGITS, "digit")


def test_a_method_without_clusters_says_so():
    result = dcrf.run(method(datasets=[digits(phases=[])]))

    assert (result.scores, result.clusters) == ({"digits": {}}, {})
    assert any("has no final evaluation" in warning for warning in result.warnings)
    with pytest.raises(dcrf.TrainingError, match="cannot be assigned"):
        result.assign(DIGITS)


def test_data_sets_that_continue_a_method_share_it():
    second = digits(name="b", order=2, reinitialize_mappings=False, phases=["finetuning"])
    third = digits(name="c", order=3)
    result = dcrf.run(method(datasets=[digits(name="a", order=1), second, third]))

    assert result.methods["a"] is result.methods["b"]
    assert result.methods["b"] is not result.methods["c"]
    assert np.array_equal(result.assign(DIGITS).argmax(1), result.clusters["c"])
    assert np.array_equal(result.assign(DIGITS, "b").argmax(1), result.clusters["b"])


def test_files_that_a_method_names_are_written_and_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = method()
    entry = {"mapping_name": "encoder", "path_to_file_or_dir": "kept.pth", "keep_old_files": True}
    content["phases"][0]["save_mapping_parameters"] = [entry]

    for _ in range(2):
        dcrf.run(content)

    assert {file.name for file in tmp_path.iterdir()} == {"kept.pth", "kept_2.pth"}


def test_every_problem_is_named(nothing_changes):
    content = method(device="cpux", datasets=[digits(batch_size=500)])
    with pytest.raises(dcrf.ConfigError) as raised:
        dcrf.run(content)

    assert {problem.path for problem in raised.value.problems} == {
        "$.device",
        "$.datasets[0].batch_size",
    }


def test_problems_of_a_file_have_lines(tmp_path):
    file = written(tmp_path, method(datasets=[digits(batch_size=500)]))
    with pytest.raises(dcrf.ConfigError, match=f"^{file}") as raised:
        dcrf.run(file)

    assert raised.value.problems[0].line == 1


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_a_seed_is_a_number_from_0(seed):
    with pytest.raises(dcrf.ConfigError, match="seed: expected an integer of at least 0"):
        dcrf.run(method(), seed=seed)


@pytest.mark.parametrize("writes", [False, True])
def test_a_failure_is_an_exception(nothing_changes, tmp_path, writes):
    content = method()
    content["phases"][0]["optimizers"][0] |= {"type": "SGD", "lr": 1e30}
    content["phases"][0]["exit_criteria"] = {"iterations": 50}

    with pytest.raises(dcrf.TrainingError, match="digits, pretraining: training has diverged"):
        dcrf.run(content, output_dir=tmp_path if writes else None)

    statuses = [read_json(file)["status"] for file in tmp_path.glob("*/*/result.json")]
    assert statuses == ["diverged"] * writes


def test_a_folder_that_cannot_be_written_is_an_exception(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        dcrf.run(method(), output_dir=tmp_path / "file")


class Interrupting(io.StringIO):
    """A terminal at which Ctrl-C is pressed as soon as it shows a loss."""

    def write(self, text):
        if "finetuning  it 2" in text:
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("data", [{}, {"mine": DIGITS}], ids=["file", "memory"])
def test_ctrl_c_raises_keyboard_interrupt(tmp_path, monkeypatch, data, writes):
    source = {"source": "memory", "dataset": "mine"} if data else {}
    content = method(datasets=[digits(**source)])
    monkeypatch.setattr(sys, "stdout", Interrupting())
    # a shell that starts the tests in the background lets them ignore it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    state = process_state()
    try:
        with pytest.raises(KeyboardInterrupt):
            dcrf.run(content, data=data, verbose=True, output_dir=tmp_path if writes else None)
        assert process_state() == state
    finally:
        signal.signal(signal.SIGINT, before)

    assert bool(list(tmp_path.glob("tiny/*/checkpoints/*/"))) == writes
    assert [f.read_text().count("resume with: ") for f in tmp_path.glob("tiny/*/log.txt")] == [
        0 if data else 1
    ] * writes


def test_a_method_is_trained_in_any_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(dcrf.run(method())))
    thread.start()
    thread.join()

    assert results[0].scores == dcrf.run(method()).scores
