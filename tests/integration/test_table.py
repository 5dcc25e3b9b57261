"""The command `dcrf table` on run folders."""

import csv
import json
import shutil

import numpy as np
import pytest

from dcrf.cli.commands import main


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the runs of two seeds and two settings on labeled points."""
    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    samples = 5 * np.eye(3)[labels] + random.normal(size=(60, 3))
    np.savez(folder / "points.npz", samples=samples.astype(np.float32), labels=labels)
    output = ["--clusters", "3", "--device", "cpu", "--output_dir", str(folder / "runs")]
    data = str(folder / "points.npz")
    assert main(["run", data, "--method", "k_means", "--seed", "0-1", *output]) == 0
    assert main(["run", data, "--max_iterations", "2", *output]) == 0
    return folder / "runs"


@pytest.fixture
def runs(trained, tmp_path):
    """A copy of the folder."""
    return shutil.copytree(trained, tmp_path / "runs")


def table(capsys, *words):
    """The output of the command without baselines, apart from those of `--by_space`."""
    flags = [] if "--by_space" in words else ["--no_baselines"]
    return full_table(capsys, *words, *flags)


def full_table(capsys, *words):
    capsys.readouterr()
    assert main(["table", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_runs_at_any_depth_are_compared(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    out = table(capsys, runs)

    assert "points_idec_table ran with --max_iterations 2" in out
    assert "points_k_means" in out
    lines = table(capsys, runs, "--all_seeds", "--format", "csv").splitlines()
    rows = {(row["method"], row["score"]): row for row in csv.DictReader(lines)}
    acc = next(row for key, row in rows.items() if "k_means" in key[0] and key[1] == "acc")
    assert (acc["n"], acc["seeds"]) == ("2", "0 1")
    scores = [
        json.loads(file.read_text())["datasets"][0]["evaluation"]["acc"]
        for file in runs.glob("*k_means*/*/result.json")
    ]
    assert float(acc["mean"]) == pytest.approx(np.mean(scores))


def test_run_folders_may_be_named_themselves(runs, capsys):
    first, _ = sorted(runs.glob("*k_means*/*-*"))

    out = table(capsys, first, first, "--format", "csv")

    assert [row["n"] for row in csv.DictReader(out.splitlines())] == ["1", "1", "1"]


@pytest.mark.parametrize("damage", ["missing", "failed", "unreadable"])
def test_unfinished_runs_are_counted_and_absent(runs, capsys, damage, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*k_means*/*-1")))
    file = folder / "result.json"
    if damage == "missing":
        file.unlink()
    elif damage == "failed":
        file.write_text(json.dumps({**json.loads(file.read_text()), "status": "failed"}))
    else:
        file.write_text("{")

    out = table(capsys, runs)

    status = "failed" if damage == "failed" else "not finished"
    assert f"1 of 2 runs has not finished: {folder} ({status})" in out


def test_other_settings_of_one_name_are_another_method(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*k_means*/*-1")))
    config = json.loads((folder / "config.json").read_text())
    config["datasets"][0]["batch_size"] = 7
    (folder / "config.json").write_text(json.dumps(config))
    name = folder.parent.name

    out = table(capsys, runs)

    assert f"{name} (2) has other settings than {name}: {folder}" in out


def test_the_newest_run_of_a_seed_counts(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*k_means*/*-1")))
    shutil.copytree(folder, folder.with_name(f"{folder.name}-2"))

    assert f"{folder.parent.name}, seed 1: the newest run counts" in table(capsys, runs)


def test_a_folder_without_runs_is_an_error(tmp_path, capsys):
    assert main(["table", str(tmp_path)]) == 2
    assert "contains no run folder" in capsys.readouterr().err
    assert main(["table", str(tmp_path / "missing")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_a_baseline_is_tested_over_common_seeds(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    words = ["--baseline", "points_idec_table"]

    out = table(capsys, runs, *words)

    assert "points_k_means_usps on points, ACC: no verdict, which needs 6 pairs (" in out
    rows = list(csv.DictReader(table(capsys, runs, *words, "--format", "csv").splitlines()))
    assert {row["pairs"] for row in rows if row["method"] != "points_idec_table"} == {"1"}

    assert main(["table", str(runs), "--baseline", "points_idec_tabel"]) == 2
    assert "did you mean 'points_idec_table'" in capsys.readouterr().err


def test_statistics_are_columns(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    out = table(capsys, runs, "--statistics", "median,interval,n")

    assert "method               median  95 % interval  n" in out
    assert "no interval below 3 seeds" in out


def test_an_unknown_statistic_is_an_error(runs, capsys):
    with pytest.raises(SystemExit):
        main(["table", str(runs), "--statistics", "mediam"])
    assert "no statistic is called 'mediam'; did you mean 'median'?" in capsys.readouterr().err


def change(file, **values):
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_runs_of_another_release_are_another_method(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*k_means*/*-1")))
    change(folder / "environment.json", dcrf="0.0.1")
    name = folder.parent.name

    out = table(capsys, runs)

    assert f"{name} (2) has another release of dcrf than {name}, 0.0.1: {folder}" in out


def test_other_commits_are_named(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*k_means*/*-1")))
    change(folder / "environment.json", commit="abcdef")

    out = table(capsys, runs)

    assert f"{folder.parent.name} ran at several commits of dcrf, which may differ: " in out


def test_other_data_of_one_name_are_another_data_set(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    name = next(iter(runs.glob("*k_means*"))).name
    for folder in runs.glob("*k_means*/*"):
        (entry,) = json.loads((folder / "config.json").read_text())["datasets"]
        change(folder / "config.json", datasets=[{**entry, "path": "/elsewhere/points.npz"}])

    out = table(capsys, runs)

    assert "data set points (2)" in out
    other = name if out.index(name) > out.index("data set points (2)") else "points_idec_table"
    expected = "points (2) is other data than points by their configurations; used by "
    assert f"{expected}{other}" in out
    assert "* best" not in out


def test_seeds_that_other_methods_lack_are_left_out(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    name = next(iter(runs.glob("*k_means*"))).name

    out = table(capsys, runs)
    assert f"points: compared over seeds 0, which all have; left out: {name} 1" in out
    assert "scores of 1 run" in out

    out = table(capsys, runs, "--all_seeds")
    assert "points_idec_table on points lacks seed 1 of others" in out
    assert "over 2 runs" in out


def test_methods_without_a_common_seed_are_not_compared(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    shutil.rmtree(next(iter(runs.glob("*k_means*/*-0"))))
    name = next(iter(runs.glob("*k_means*"))).name

    out = table(capsys, runs)

    left_out = f"left out: points_idec_table 0, {name} 1"
    assert f"points: compared over no seed, since none is common; {left_out}" in out
    assert "*" not in out


def test_baselines_that_cannot_be_kept_are_computed_all_the_same(runs, capsys):
    (runs / "baselines.json").mkdir()

    assert "k-means on samples" in full_table(capsys, runs)
    assert main(["table", str(runs)]) == 0
    assert "the scores of baselines cannot be kept: " in capsys.readouterr().err


def test_settings_that_differ_by_data_set_are_one_method(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*k_means*/*-1")))
    other = shutil.copytree(folder, folder.with_name("2026-01-01T00-00-00-1"))
    (entry,) = json.loads((other / "config.json").read_text())["datasets"]
    change(other / "config.json", datasets=[{**entry, "name": "circles"}])
    (record,) = json.loads((other / "result.json").read_text())["datasets"]
    change(other / "result.json", datasets=[{**record, "dataset": "circles"}])
    name = folder.parent.name

    out = table(capsys, runs)

    assert f"{name} has settings of its own on each of " in out
    assert f"{name} (2)" not in out
    assert "data set circles" in out


def rows_of(capsys, *words):
    lines = full_table(capsys, *words, "--format", "csv").splitlines()
    return {(row["method"], row["score"]): row for row in csv.DictReader(lines)}


def test_baselines_are_computed_once_and_kept_beside_the_runs(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")

    out = full_table(capsys, runs)
    file = runs / "baselines.json"
    before = file.read_bytes()

    assert "k-means on samples" in out
    assert "random" in out
    assert "points_idec_table: run with --save_features for k-means on its features" in out
    assert "trained methods less the best baseline: ACC " in out
    assert "on average over 1 data set; no verdict, which needs 6 data sets" in out
    state = file.stat().st_mtime_ns
    assert full_table(capsys, runs) == out
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (before, state)


def test_baselines_have_the_seeds_of_the_runs_and_the_scores_of_k_means(runs, capsys):
    rows = rows_of(capsys, runs, "--all_seeds")
    name = next(iter(runs.glob("*k_means*"))).name

    baseline = rows["k-means on samples", "acc"]
    assert baseline["seeds"] == "0 1"
    assert rows["random", "acc"]["n"] == "2"
    # clusters of three distant groups are the same ones, whatever the seed
    assert baseline["mean"] == rows[name, "acc"]["mean"]


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 1, "scores": []}', "entries"])
def test_damaged_scores_of_baselines_are_computed_again(runs, capsys, damage):
    expected = rows_of(capsys, runs)
    file = runs / "baselines.json"
    if damage == "entries":
        scores = json.loads(file.read_text())["scores"]
        change(file, scores={key: {"acc": "nan", "n_samples": 1} for key in scores})
    else:
        file.write_text(damage)

    assert rows_of(capsys, runs) == expected


def test_other_data_have_other_baselines(runs, capsys, trained):
    before = rows_of(capsys, runs)["k-means on samples", "acc"]
    data = trained.parent / "points.npz"
    content = data.read_bytes()
    try:
        labels = np.arange(60) % 3
        samples = np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32)
        np.savez(data, samples=samples, labels=labels)
        after = rows_of(capsys, runs)["k-means on samples", "acc"]
    finally:
        data.write_bytes(content)

    assert float(after["mean"]) < float(before["mean"])


def test_data_that_cannot_be_read_have_no_baselines(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    for folder in runs.glob("*/*-*"):
        (entry,) = json.loads((folder / "config.json").read_text())["datasets"]
        change(folder / "config.json", datasets=[{**entry, "path": "/missing/points.npz"}])

    out = full_table(capsys, runs)

    assert "no baselines of points_idec_table on points: " in out
    assert "/missing/points.npz" in out


def test_the_spaces_of_a_method_are_rows(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*idec*/*-*")))

    out = table(capsys, folder, "--by_space")

    lines = [line.split("  ")[0] for line in out.splitlines()]
    assert lines[3:6] == ["k-means on samples", "k-means after clustering", "the method's clusters"]
    assert "k-means after pretraining on points is absent: its features were not saved" in out


def test_saved_features_are_a_space_and_must_have_as_many_rows(runs, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    folder = next(iter(runs.glob("*idec*/*-*")))
    file = folder / "features" / "points-pretraining.npy"
    file.parent.mkdir()
    np.save(file, np.eye(3, dtype=np.float32)[np.arange(60) % 3] + 1e-3)

    rows = rows_of(capsys, folder, "--by_space")

    assert float(rows["k-means after pretraining", "acc"]["mean"]) == 1
    of_baselines = rows_of(capsys, folder)
    name = f"k-means after pretraining of {folder.parent.name}"
    assert float(of_baselines[name, "acc"]["mean"]) == 1
    np.save(file, np.eye(3, dtype=np.float32))
    assert main(["table", str(folder), "--by_space"]) == 2
    assert "3 rows, but the data set has 60 samples" in capsys.readouterr().err


def test_spaces_are_those_of_one_method(runs, capsys):
    assert main(["table", str(runs), "--by_space"]) == 2
    assert "--by_space is for runs of one method, but these are of points_" in (
        capsys.readouterr().err
    )
