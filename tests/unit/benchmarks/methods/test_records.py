"""Measurements are found again, and told apart from those of earlier files and versions."""

import json

import dcrf
from benchmarks.methods.records import Records, measurement_of
from dcrf.storage.digests import digest
from tests.unit.benchmarks.methods.cases import measurement, write_method


def test_measurements_come_back_by_seed(tmp_path):
    file, records = write_method(tmp_path / "tiny.json"), Records(tmp_path / "results")
    written = [measurement(file, seed, acc=0.7 + seed / 100) for seed in (10, 0, 2)]
    for result in written:
        records.write(file, result)

    assert list(records.read(file)) == [0, 2, 10]
    assert records.read(file)[10] == written[0]
    assert all(records.is_current(file, result) for result in written)
    assert not list(records.folder.rglob("*.tmp"))


def test_a_changed_file_or_version_is_not_current(tmp_path):
    path, records = tmp_path / "tiny.json", Records(tmp_path / "results")
    file = write_method(path)
    records.write(file, measurement(file))
    changed = write_method(path, precision="bf16")

    assert not records.is_current(changed, records.read(changed)[0])
    assert not records.is_current(file, measurement(file, version=f"{dcrf.__version__}.1"))


def written_before_a_key(folder):
    """A file, its records, and their stored configuration, which lacks a key with a default."""
    file, records = write_method(folder / "tiny.json"), Records(folder / "results")
    stored = folder / "results" / "tiny" / "configuration.json"
    records.write(file, measurement(file))
    configuration = json.loads(stored.read_text())
    del configuration["compile"]
    stored.write_text(json.dumps(configuration))
    return file, records, stored, configuration


def test_a_file_is_current_after_dcrf_has_learned_a_key(tmp_path):
    file, records, stored, configuration = written_before_a_key(tmp_path)
    before = measurement(file, digest=digest(configuration))

    assert records.is_current(file, before)
    stored.write_text(json.dumps({**configuration, "compile": True}))
    assert not records.is_current(file, before)


def test_a_later_seed_leaves_earlier_ones_current_after_dcrf_has_learned_a_key(tmp_path):
    file, records, _, configuration = written_before_a_key(tmp_path)
    earlier = measurement(file, digest=digest(configuration))

    records.write(file, measurement(file, seed=1))

    assert records.is_current(file, earlier)
    assert records.is_current(file, records.read(file)[1])


def test_damaged_results_count_as_missing(tmp_path):
    file, records = write_method(tmp_path / "tiny.json"), Records(tmp_path / "results")
    records.write(file, measurement(file))
    (records.folder / "tiny" / "0.json").write_text('{"seed": 0')
    (records.folder / "tiny" / "1.json").write_text('{"seed": 1}')

    assert records.read(file) == {}


def outcome(*evaluations, **changes):
    datasets = [{"evaluation": evaluation} for evaluation in evaluations]
    phases = [{"phase": "pretraining", "iteration": 4}, {"phase": "finetuning", "iteration": 7}]
    basic = {"seed": 3, "status": "ok", "label_informed": False, "error": None}
    return {**basic, "datasets": datasets, "phases": phases, **changes}


def test_the_scores_are_those_of_the_last_evaluation(tmp_path):
    file = write_method(tmp_path / "tiny.json")
    first, last = {"acc": 0.1, "n_samples": 5}, {"acc": 0.123456, "nmi": None, "n_samples": 9}
    result = measurement_of(file, outcome(None, first, last, None), 61.26, "m", "2026-01-31")

    assert (result.scores, result.n_samples) == ({"acc": 0.12346}, 9)
    assert (result.seed, result.seconds, result.is_ok) == (3, 61.3, True)
    assert result.iterations == {"pretraining": 4, "finetuning": 7}


def test_a_run_without_an_evaluation_is_not_ok(tmp_path):
    file = write_method(tmp_path / "tiny.json")
    failed = outcome(status="timed out", error="60 s")

    assert not measurement_of(file, outcome(None), 1.0, "m", "d").is_ok
    assert measurement_of(file, failed, 1.0, "m", "d").error == "60 s"
