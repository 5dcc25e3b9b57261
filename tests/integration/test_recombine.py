"""`dcrf recombine` runs the combinations of a space once, and compares them."""

import csv
import json
import shutil

import pytest

from dcrf.cli.commands import main
from tests.cases.methods import digits, final, method, written

FINETUNING = "phases[finetuning].design_patterns"
SLOTS = [
    {
        "name": "weight",
        "path": f"{FINETUNING}[target_distribution].loss_weight",
        "values": [1, 0.5],
    },
    {"name": "entropy", "removable": f"{FINETUNING}[assignment_entropy]"},
]


def space(folder, **changes):
    written(folder, method(datasets=[{**digits(), "name": "digits"}], device="cpu"), "base.json")
    content = {"name": "parts", "base": "base.json", "slots": SLOTS, "seeds": [0, 1], **changes}
    return written(folder, content, "space.json")


def recombine(file, folder, *flags):
    return main(["recombine", file, "--output_dir", str(folder / "runs"), *flags])


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The folder of a search over four combinations with two seeds, and its space file."""
    folder = tmp_path_factory.mktemp("search")
    file = space(folder)
    assert recombine(file, folder, "--quiet") == 0
    return folder / "runs/parts", file


def test_every_combination_runs_with_every_seed(searched):
    folder, _ = searched

    rows = list(csv.DictReader((folder / "ranking.csv").read_text().splitlines()))
    assert {(row["weight"], row["entropy"]) for row in rows} == {
        (weight, entropy) for weight in ("1", "0.5") for entropy in ("with", "without")
    }
    accs = [float(row["acc"]) for row in rows]
    assert accs == sorted(accs, reverse=True)
    assert all(row["unfinished"] == "0" and float(row["seconds"]) > 0 for row in rows)
    assert len([*folder.glob("runs/parts_*/*-*/result.json")]) == 8
    effects = list(csv.DictReader((folder / "effects.csv").read_text().splitlines()))
    pairs = {row["options"]: row["pairs"] for row in effects if row["score"] == "acc"}
    assert pairs == {
        "weight: 0.5": "4",
        "entropy: without": "4",
        "weight: 0.5, entropy: without": "2",
    }


def test_a_shared_beginning_is_trained_once_per_seed_and_changes_no_score(searched, tmp_path):
    folder, _ = searched
    best = json.loads((folder / "best_by_acc.json").read_text())["name"]

    assert len([*folder.glob("starts/runs/start_*/*-*/result.json")]) == 2
    flags = ["--seed", "1", "--output_dir", str(tmp_path), "--quiet"]
    assert main(["run", str(folder / "best_by_acc.json"), *flags]) == 0

    (alone,) = tmp_path.glob(f"{best}/*-1")
    (shared,) = folder.glob(f"runs/{best}/*-1")
    assert final(alone) == final(shared)


def test_the_best_is_a_method_file_that_runs(searched, tmp_path):
    folder, _ = searched
    best = folder / "best_by_acc.json"
    rows = list(csv.DictReader((folder / "ranking.csv").read_text().splitlines()))

    assert json.loads(best.read_text())["name"] == rows[0]["method"]
    assert (folder / "best_by_silhouette.json").is_file()
    assert main(["run", str(best), "--validate"]) == 0


def test_finished_runs_are_not_repeated(searched, capsys):
    folder, file = searched
    before = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/*-*/result.json")}

    assert recombine(file, folder.parents[1], "--quiet") == 0

    after = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/*-*/result.json")}
    assert after == before
    out = capsys.readouterr().out
    assert "parts: 4 methods of 4 combinations" in out
    assert "best by ACC: weight: " in out
    assert "labels informed the choice" in out
    assert "no labels informed the choice" in out
    assert "no verdict, which needs 7 pairs" in out


def test_the_report_runs_nothing(searched, capsys):
    folder, file = searched

    assert recombine(file, folder.parents[1], "--report") == 0
    out = capsys.readouterr().out
    assert "effect on ACC" in out
    assert "method  " not in out  # the summary of runs


def test_a_space_can_be_counted(tmp_path, capsys):
    broken = {**SLOTS[0], "values": [1, "x"]}
    file = space(tmp_path, slots=[broken, SLOTS[1]])

    assert recombine(file, tmp_path, "--validate") == 0
    out = capsys.readouterr().out
    assert "parts: 2 methods of 4 combinations, 2 invalid" in out
    assert "'x' is not a number" in out
    assert not (tmp_path / "runs").exists()


def test_a_space_whose_first_combination_is_invalid_is_refused(tmp_path, capsys):
    file = space(tmp_path, slots=[{**SLOTS[0], "values": ["x", 1]}])

    assert recombine(file, tmp_path) == 2
    err = capsys.readouterr().err
    assert "the combination of all first options is not a method that runs: " in err
    assert "'x' is not a number" in err


def test_a_search_continues_with_more_options(searched, tmp_path, capsys):
    folder, _ = searched
    runs = shutil.copytree(folder.parent, tmp_path / "runs")
    slots = [{**SLOTS[0], "name": "w", "values": [1, 0.5, 2]}, SLOTS[1]]
    before = {path: path.stat().st_mtime_ns for path in runs.glob("parts/runs/*/*-*/result.json")}

    assert recombine(space(tmp_path, slots=slots), tmp_path) == 0
    assert "was never started" not in capsys.readouterr().out

    after = {path: path.stat().st_mtime_ns for path in runs.glob("parts/runs/*/*-*/result.json")}
    assert before.items() <= after.items()
    assert len(after) == 12


def test_combinations_without_all_runs_have_no_rank(searched, tmp_path, capsys):
    folder, file = searched
    runs = shutil.copytree(folder.parent, tmp_path / "runs")
    rows = list(csv.DictReader((runs / "parts/ranking.csv").read_text().splitlines()))
    shutil.rmtree(next(runs.glob(f"parts/runs/{rows[0]['method']}/*-1")))

    assert recombine(file, tmp_path, "--report") == 0
    assert "without a rank, since runs have not finished: 1 combination" in capsys.readouterr().out
    best = json.loads((runs / "parts/best_by_acc.json").read_text())
    assert best["name"] == rows[1]["method"]


def test_a_report_without_runs_writes_nothing(tmp_path, capsys):
    file = space(tmp_path)
    (tmp_path / "runs/parts/runs").mkdir(parents=True)

    assert recombine(file, tmp_path, "--report") == 2
    assert "no combination has a finished run in " in capsys.readouterr().err
    assert not (tmp_path / "runs/parts/ranking.csv").exists()


@pytest.fixture(scope="module")
def halved(tmp_path_factory):
    """The folder of a search with a rung and a confirmation, and its space file."""
    folder = tmp_path_factory.mktemp("halving")
    half = {**digits(), "name": "half", "index_of_last_sample_to_use": 89}
    others = {"datasets": [{"name": "digits", "$remove": True}, half]}
    file = space(
        folder,
        search={"type": "successive_halving", "rungs": [{"iterations": 1, "keep": 1}]},
        confirmation={"seeds": [5, 6], "options": {"same": {}, "other": others}},
    )
    assert recombine(file, folder, "--quiet") == 0
    return folder / "runs/parts", file


def table(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def test_the_best_of_a_rung_and_the_first_combination_run_whole(halved):
    folder, _ = halved

    rung = table(folder / "rungs.csv")
    assert [float(row["value"]) for row in rung] == sorted(
        (float(row["value"]) for row in rung), reverse=True
    )
    assert len(rung) == 4
    going_on = {(row["weight"], row["entropy"]) for row in rung if row["goes_on"] == "True"}
    assert going_on == {("1", "with"), (rung[0]["weight"], rung[0]["entropy"])}
    for row in rung:
        (run,) = folder.glob(f"runs/{row['method']}/*-0")
        assert json.loads((run / "result.json").read_text())["phases"][-1]["iteration"] == 1
    whole = table(folder / "ranking.csv")
    assert {(row["weight"], row["entropy"]) for row in whole} == going_on
    assert {row["unfinished"] for row in whole} == {"0"}


def test_the_best_is_confirmed_on_other_seeds_and_data(halved):
    folder, _ = halved

    rows = [row for row in table(folder / "confirmation.csv") if row["score"] == "acc"]
    ablations = {"without entropy", "entropy: with", "weight: 1"}
    best = {row["combination"] for row in rows} - {"the first combination", *ablations}
    assert best <= {"best by ACC", "best by silhouette", "best by ACC and silhouette"}
    for name in (*best, "the first combination"):
        own = {(r["setting"], r["data set"], r["seed"]) for r in rows if r["combination"] == name}
        seeds = ("5", "6")
        assert own == {(*d, s) for s in seeds for d in (("same", "digits"), ("other", "half"))}


def test_a_report_compares_what_was_confirmed_and_runs_nothing(halved, capsys):
    folder, file = halved
    before = {path: path.stat().st_mtime_ns for path in folder.glob("**/result.json")}
    (folder / "confirmation.csv").unlink()

    assert recombine(file, folder.parents[1], "--report") == 0

    out = capsys.readouterr().out
    assert "rung 1: 1 iteration, " in out
    assert "of 4 combinations went on by ACC (labels inform it)" in out
    assert "the first combination" in out
    assert " runs took " in out
    assert (folder / "confirmation.csv").is_file()
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("**/result.json")}


def test_suggestions_begin_with_the_first_combination_and_continue(tmp_path, capsys):
    pytest.importorskip("optuna")
    file = space(tmp_path, seeds=[0], search={"type": "tpe", "number": 2})

    for _ in range(2):
        assert recombine(file, tmp_path, "--quiet") == 0

    rows = table(tmp_path / "runs/parts/ranking.csv")
    assert len(rows) == len({row["method"] for row in rows}) == 3
    assert ("1", "with") in {(row["weight"], row["entropy"]) for row in rows}
    assert len([*tmp_path.glob("runs/parts/runs/*/*-0")]) == 3
    assert capsys.readouterr().out.count("parts: 3 methods of 3 combinations") == 2


def test_seeds_of_a_combination_are_one_method(searched, capsys):
    """Although each loads the first phase of its own seed."""
    folder, _ = searched

    assert main(["table", str(folder / "runs"), "--no_baselines"]) == 0
    out = capsys.readouterr().out
    assert "over 2 runs" in out
    assert " (2)" not in out


def test_a_setting_of_the_confirmation_is_checked_before_any_run(tmp_path, capsys):
    options = {"small": {"datasets": [{"name": "digits", "bach_size": 30}]}}
    file = space(tmp_path, confirmation={"seeds": [5], "options": options})

    assert recombine(file, tmp_path) == 2
    err = capsys.readouterr().err
    assert "$.confirmation.options.small: $.datasets[0].bach_size: unknown key 'bach_size'" in err
    assert not (tmp_path / "runs").exists()


def test_a_rung_without_its_score_ends_the_search(tmp_path, capsys):
    other = {**digits(), "name": "digits", "index_of_last_sample_to_use": 99}
    data = {"name": "data", "options": {"all": {}, "half": {"datasets": [other]}}}
    rungs = [{"iterations": 1, "keep": 1}]
    search = {"type": "successive_halving", "rungs": rungs, "score": "silhouette"}
    file = space(tmp_path, slots=[data], seeds=[0], search=search)

    assert recombine(file, tmp_path, "--quiet") == 2
    err = capsys.readouterr().err
    assert "no combination can go on: no run of 1 iterations has silhouette" in err
    assert "has clustered other data" in err
