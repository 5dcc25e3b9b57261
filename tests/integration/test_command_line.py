"""What a person at the terminal sees: flags, mistakes, failures."""

import json
import os
import re
import subprocess
import sys
from io import StringIO

import numpy as np
import pytest

from dcrf.cli.commands import COMMANDS
from dcrf.cli.commands import main as command
from dcrf.cli.find_files import ROOT
from dcrf.cli.main import UNUSABLE, main
from tests.cases.methods import VIEW, adam, collapsing, digits, method, records, result, written


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Call the command line in an empty folder; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def caller(*arguments):
        try:
            code = main(list(arguments))
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return caller


def diverging(**changes):
    """A method whose first step makes every loss infinite."""
    content = method(name="diverging", **changes)
    content["phases"][0]["optimizers"][0].update(type="SGD", lr=1e30)
    return content


def folders(tmp_path):
    return sorted((tmp_path / "runs").glob("*/*"))


def test_help_needs_no_torch_and_shows_examples():
    program = (
        "import sys; from dcrf.cli.main import main\n"
        "try: main(['--help'])\n"
        "finally: assert 'torch' not in sys.modules"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "examples:" in done.stdout
    assert "--resume_on_error" in done.stdout


def test_only_the_processes_of_runs_import_torch(tmp_path):
    """Importing it twice doubles the time until a run starts on a busy machine."""
    written(tmp_path, method())
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "if __name__ == '__main__':\n"
        "    from dcrf.cli.run import main\n"
        "    assert main(['method.json', '--max_iterations', '1']) == 0\n"
        "    assert not {'torch', 'numpy', 'sklearn'} & sys.modules.keys()\n"
    )
    (tmp_path / "program.py").write_text(program)

    done = subprocess.run(
        [sys.executable, "program.py", str(ROOT)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize(("arguments", "code"), [(["fine.json", "--validate"], 0), (["none"], 2)])
def test_who_does_not_look_gets_the_exit_code_all_the_same(arguments, code, tmp_path):
    written(tmp_path, method(), name="fine.json")

    with open("/dev/full", "w") as gone:  # noqa: PTH123 - it is no file
        done = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), *arguments],
            cwd=tmp_path,
            stdout=gone,
            stderr=gone,
            check=False,
        )

    assert done.returncode == code


@pytest.mark.parametrize("flags", [(), ("--resume",)])
def test_a_path_that_no_system_takes_does_not_exist(call, flags):
    code, _, errors = call("a" * 300, *flags)

    assert code == 2
    assert "does not exist" in errors


def test_main_py_runs_from_anywhere(tmp_path):
    file = written(tmp_path, {"name": "broken"})

    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), file],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "problems" in done.stderr


def test_a_summary_ends_the_batch(call, tmp_path):
    code, out, _ = call(written(tmp_path, method()))

    header, _, row = out.splitlines()[-3:]
    assert code == 0
    assert header.split() == ["method", "data", "set", "seed", "status", "n", "ACC", "NMI", "ARI", "time"]  # fmt: skip  # noqa: E501
    assert row.split()[:5] == ["tiny", "digits", "0", "ok", "200"]


def test_several_seeds_give_a_mean_and_a_deviation(call, tmp_path):
    saving = method()
    saving["phases"][0]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file_or_dir": "saved"}
    ]

    code, out, _ = call(written(tmp_path, saving), "--seed", "1,2")

    assert code == 0
    assert [folder.name[-1] for folder in folders(tmp_path)] == ["1", "2"]
    assert any(" ± " in line for line in out.splitlines())
    names = {file.name for file in (tmp_path / "saved").iterdir()}
    assert names == {"tiny_digits_encoder_seed1.pth", "tiny_digits_encoder_seed2.pth"}


def test_runs_of_several_seeds_go_on_by_their_folders_as_they_began(call, tmp_path):
    saving, loading = method(name="saving"), method(name="loading")
    saving["phases"][0]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file_or_dir": "saved/encoder.pth"}
    ]
    loading["phases"][0]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": "saved/encoder.pth"}
    ]
    files = [written(tmp_path, saving, "a.json"), written(tmp_path, loading, "b.json")]
    call(*files, "--seed", "1,2", "--keep_checkpoints")
    runs = [f for f in folders(tmp_path) if f.is_dir()]
    before = {folder: result(folder) for folder in runs}
    for folder in runs[1:]:
        (folder / "result.json").unlink()

    code, out, _ = call("--resume", *map(str, runs))

    assert code == 0
    assert {folder: result(folder) for folder in runs} == before
    assert out.count("  is finished, results in ") == 1
    assert ["  resumes from " in (folder / "log.txt").read_text() for folder in runs] == [
        False, True, True, True,
    ]  # fmt: skip
    assert sorted(folder.name for folder in (tmp_path / "saved").iterdir()) == [
        "encoder_seed1.pth", "encoder_seed2.pth",
    ]  # fmt: skip


def test_what_has_not_begun_says_so_when_it_is_to_be_resumed(call, tmp_path):
    code, out, _ = call(written(tmp_path, method()), "--resume")

    assert code == 0
    assert out.startswith("tiny  seed 0  was never started, so it starts now\n")


def test_a_path_that_does_not_exist_is_one_failure_of_a_batch(call, tmp_path):
    file = written(tmp_path, method())
    assert call(file, "nowhere.json")[0] == 2

    code, out, err = call(file, "nowhere.json", "--resume_on_error")

    assert code == 1
    assert "nowhere.json does not exist" in err
    (row,) = (line for line in out.splitlines() if line.startswith("nowhere  "))
    assert row.split()[:3] == ["nowhere", "-", "invalid"]


def suspicious():
    """A method whose second phase trains a mapping that its losses do not reach."""
    content = method(name="suspicious")
    content["phases"][1]["optimizers"].append(adam("decoder"))
    return content


def test_warnings_are_shown_by_validate_log_result_and_table(call, tmp_path):
    file = written(tmp_path, suspicious())

    code, validated, _ = call(file, "--validate")
    _, printed, _ = call(file, "--max_iterations", "1")

    first, warning, remedy = validated.splitlines()
    assert code == 0
    assert first == f"{file}: ok, 1 warning"
    assert warning.startswith(f"    {file}:1:")
    path = "$.phases[1].optimizers[1]"
    assert f": {path}" in warning
    (folder,) = folders(tmp_path)
    line = f"suspicious  warning: {warning.strip()}; {remedy.strip()}"
    assert line in (folder / "log.txt").read_text()
    (stored,) = result(folder)["warnings"]
    assert stored["path"].startswith(path)
    assert stored.keys() == {"path", "found", "remedy"}
    *_, table, notes = printed.split("\n\n")
    assert "  ok !  " in table
    assert table.endswith("; 1 in the file")
    assert notes == "+ with --max_iterations 1\n"


def test_overrides_are_in_log_and_result_also_of_a_resumed_run(call, tmp_path):
    flags = ["--set", "phases[pretraining].exit_criteria.iterations=3", "--keep_checkpoints"]
    call(written(tmp_path, method()), *flags)
    (folder,) = folders(tmp_path)
    before = result(folder)
    (folder / "result.json").unlink()

    _, out, _ = call("--resume", str(folder))

    override = "--set phases[pretraining].exit_criteria.iterations=3"
    assert before["overrides"] == [override]
    assert result(folder) == before
    log = (folder / "log.txt").read_text()
    assert log.count(f"tiny  note: the file's values are changed by {override}") == 2
    assert out.endswith(f"\n\n+ with {override}\n")


def test_checkpoints_of_a_finished_run_are_removed_unless_kept(call, tmp_path):
    file = written(tmp_path, method())

    call(file)
    call(file, "--keep_checkpoints")
    call(written(tmp_path, diverging(), "b.json"), "--checkpoint_interval", "1")

    removed, kept = sorted((tmp_path / "runs/tiny").iterdir())
    assert not list(removed.glob("checkpoints/0*"))
    assert (removed / "checkpoints/run.json").exists()
    assert len(list(kept.glob("checkpoints/0*"))) == 2
    code, out, _ = call(file, "--resume")
    assert code == 0
    assert f"tiny  seed 0  is finished, results in {kept.relative_to(tmp_path)}" in out


def test_two_files_of_one_name_are_noted_and_have_rows_of_their_own(call, tmp_path):
    for name in ("a", "b"):
        written(tmp_path, method(), f"{name}.json")

    _, out, _ = call("a.json", "b.json", "--max_iterations", "1")

    note = "tiny  note: a.json and b.json have this name; the table adds the file"
    assert out.splitlines()[0] == note
    for file in ("a.json", "b.json"):
        assert f"\ntiny ({file})+  digits " in out


def test_every_invocation_keeps_a_summary(call, tmp_path):
    for seed in ("1", "2"):
        call(written(tmp_path, method()), "--seed", seed, "--max_iterations", "1")

    latest, *copies = sorted((tmp_path / "runs").glob("summary*.json"), key=lambda f: len(f.name))
    seeds = [[run["seed"] for run in json.loads(f.read_text())["runs"]] for f in copies]
    assert sorted(seeds) == [[1], [2]]
    assert [run["seed"] for run in json.loads(latest.read_text())["runs"]] == [2]


def test_a_collapsed_run_is_marked_in_the_table(call, tmp_path):
    code, out, _ = call(written(tmp_path, collapsing()))

    row = out.splitlines()[-1]
    assert code == 0
    assert "  ok !  " in row
    assert row.endswith("  100.0 % of the samples are in one of 10 clusters and 2 more")


def test_data_without_labels_are_not_label_informed(call, tmp_path):
    np.save(tmp_path / "data.npy", np.random.default_rng(0).random((60, 1, 8, 8), np.float32))
    content = method()
    content["phases"][1]["exit_criteria"]["performance_evaluation_acc_gt"] = 0.9
    labeled = written(tmp_path, content, "labeled.json")
    view = {"name": "view", "transforms": [VIEW]}
    data = {"source": "npy", "dataset": "own", "path": "data.npy", "batch_augmentations": [view]}
    content |= {"name": "own", "datasets": [{**data, "batch_size": 20, "num_clusters": 3}]}

    code, out, _ = call(labeled, written(tmp_path, content, "own.json"))

    assert code == 0, out
    informed = {f.parent.name: result(f)["label_informed"] for f in folders(tmp_path) if f.is_dir()}
    assert informed == {"tiny": True, "own": False}
    assert "\ntiny*   digits " in out
    assert "\nown     own " in out


@pytest.mark.slow
def test_a_name_that_the_terminal_cannot_print_is_escaped(tmp_path):
    file = written(tmp_path, method(name="méthode"))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), file, "--max_iterations", "1"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "\nm\\xe9thode  seed 0  results in " in f"\n{done.stdout}"
    assert "\nm\\xe9thode+  digits" in done.stdout


class Screen(StringIO):
    """A terminal."""

    def isatty(self):
        return True


def test_a_terminal_shows_a_line_before_torch_is_imported(monkeypatch):
    monkeypatch.setattr("sys.stderr", Screen())
    assert main(["a.json", "b.json"]) == UNUSABLE

    assert sys.stderr.getvalue().startswith("checking a.json and 1 more ...\n")


QUICK = {"explain", "schema"}
"""Commands that read neither data nor methods."""
FLAGS = {
    "embed": ["--model", "torchvision/resnet18", "--out", "features.npy"],
    "export": ["--format", "onnx"],
    "predict": ["data.csv"],
}


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - QUICK))
def test_every_command_that_takes_seconds_shows_such_a_line(monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stderr", Screen())
    assert command([name, "missing.csv", *FLAGS.get(name, [])]) == UNUSABLE

    assert sys.stderr.getvalue().splitlines()[0] in {
        "loading missing.csv ...",
        "checking missing.csv ...",
    }


def test_a_pipe_shows_no_such_line(call):
    assert "checking" not in call("missing.json")[2]


def test_a_folder_means_the_files_directly_in_it_in_name_order(call, tmp_path):
    for name in ("b", "a"):
        written(tmp_path / "methods", method(name=name), f"{name}.json")
    written(tmp_path / "methods/deeper", method(name="c"))

    code, out, _ = call("methods", "--validate")

    assert code == 0
    assert out.splitlines() == ["methods/a.json: ok", "methods/b.json: ok"]


def test_validate_runs_nothing(call, tmp_path):
    call(written(tmp_path, method()), "--validate")

    assert folders(tmp_path) == []


def test_paths_are_also_looked_up_beside_main_py(call):
    code, out, _ = call("configurations/quickstart", "--validate")

    assert code == 0
    assert out


def test_all_problems_of_all_files_are_shown_and_nothing_runs(call, tmp_path):
    broken = method(color="red", device=3)
    files = [
        written(tmp_path, broken, "a.json"),
        written(tmp_path, method(name="fine"), "b.json"),
        written(tmp_path, method(phases=[]), "c.json"),
    ]

    code, _, err = call(*files)

    assert code == 2
    for expected in ("a.json", "'color'", "$.device", "c.json", "$.phases", "nothing was run"):
        assert expected in err
    assert "b.json" not in err
    assert folders(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json"], "missing.json does not exist"),
        (["empty"], "empty contains no method files"),
        (["outer"], "folders with method files: outer/inner"),
        (["--seed", "one", "m.json"], "--seed"),
        (["--max_iterations", "0", "m.json"], "at least 1"),
        (["--jobs", "0", "m.json"], "at least 1"),
        (["--timeout", "-1", "m.json"], "seconds above 0"),
        (["--timeout", "nan", "m.json"], "seconds above 0"),
        (["--max_iter", "5", "m.json"], "did you mean --max_iterations?"),
        (["--validate_all", "m.json"], "did you mean --validate?"),
        (["m.json", "--one_log_file", "x", "--no_log_files"], "not allowed with"),
        (["m.json", "--set", "datasets[5].batch_size=1"], "datasets[5]"),
        (["m.json", "--set", "datasets[0].batch_sise=1"], "batch_size"),
        (["m.json", "--device", "toaster"], "toaster"),
        ([], "FILE_OR_FOLDER"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_unusable_command_line_is_explained(call, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    written(tmp_path / "outer/inner", method())
    written(tmp_path, method(), "m.json")

    code, _, err = call(*arguments)

    assert code == 2
    assert message in err
    assert folders(tmp_path) == []


def test_a_layer_that_torch_refuses_is_a_problem_with_its_path(call, tmp_path):
    content = method()
    content["mappings"][0]["layers"][1]["in_features"] = -3

    code, _, err = call(written(tmp_path, content))

    assert code == 2
    assert re.search(r"method\.json:1:\d+: \$\.mappings\[0\]\.layers\[1\]: ", err)


def test_an_optimizer_that_torch_refuses_is_a_problem_with_its_path(call, tmp_path):
    content = method()
    content["phases"][0]["optimizers"][0]["lr"] = -1

    code, _, err = call(written(tmp_path, content))

    assert code == 2
    assert "$.phases[0].optimizers[0]" in err


def test_settings_change_the_file_for_one_run(call, tmp_path):
    setting = "phases[finetuning].design_patterns[0].loss_weight=0.25"

    flags = ["--set", setting, "--set", "name=renamed", "--max_iterations", "2"]

    code, _, _ = call(written(tmp_path, method()), *flags)

    (folder,) = folders(tmp_path)
    assert code == 0
    assert folder.parent.name == "renamed"
    assert '"loss_weight": 0.25' in (folder / "config.json").read_text()
    assert [phase["iteration"] for phase in result(folder)["phases"]] == [2, 2]


@pytest.mark.parametrize("target", ["all.log", "logs/%s.log"])
def test_one_log_file_takes_all_logs(call, tmp_path, target):
    files = [written(tmp_path, method(name=n), f"{n}.json") for n in ("one", "two")]

    call(*files, "--one_log_file", target, "--no_log_timestamps")

    names = {target.replace("%s", name) for name in ("one", "two")}
    text = "".join((tmp_path / name).read_text() for name in names)
    assert text.splitlines()[0].startswith(("one  seed 0", "two  seed 0"))
    assert "one  seed 0" in text
    assert "two  seed 0" in text
    assert not list(tmp_path.rglob("log.txt"))


def test_no_log_files_means_none(call, tmp_path):
    call(written(tmp_path, method()), "--no_log_files")

    (folder,) = folders(tmp_path)
    assert not (folder / "log.txt").exists()
    assert records(folder)


def test_a_failure_is_named_and_the_batch_stops(call, tmp_path):
    files = [written(tmp_path, diverging(), "a.json"), written(tmp_path, method(), "b.json")]

    code, out, _ = call(*files)

    (folder,) = folders(tmp_path)
    log = (folder / "log.txt").read_text()
    assert code == 1
    for part in ("diverging", "digits", "pretraining", "reconstruction/reconstruction is"):
        assert part in log.splitlines()[-1]
    assert "Traceback" not in out
    *_, table, cause, way_on = out.split("\n\n")
    assert ["  diverged  " in line for line in table.splitlines()[-2:]] == [True, False]
    assert "  not run  " in table.splitlines()[-1]
    assert cause.startswith("diverging, seed 0, diverged: data set digits, pretraining: ")
    assert result(folder)["status"] == "diverged"
    assert way_on.endswith(f"main.py {files[0]} {files[1]} --resume\n")


def test_the_last_good_checkpoint_of_a_failure_is_named(call, tmp_path):
    content = method(name="late")
    content["phases"][1]["optimizers"][0].update(type="SGD", lr=1e30)

    call(written(tmp_path, content))

    (folder,) = folders(tmp_path)
    *_, failure, checkpoint = (folder / "log.txt").read_text().splitlines()
    (kept,) = folder.glob("checkpoints/0*")
    assert "data set digits, finetuning: training has diverged" in failure
    assert f"last good checkpoint is {kept.relative_to(tmp_path)} (digits, after pre" in checkpoint
    assert result(folder)["status"] == "diverged"


def test_resume_on_error_goes_on_with_the_next_method(call, tmp_path):
    files = [written(tmp_path, diverging(), "a.json"), written(tmp_path, method(), "b.json")]

    code, out, _ = call(*files, "--resume_on_error")

    assert code == 1
    assert {folder.parent.name: result(folder)["status"] for folder in folders(tmp_path)} == {
        "diverging": "diverged",
        "tiny": "ok",
    }
    assert out.rsplit("\n\n", 1)[0].splitlines()[-1].startswith("tiny ")


def test_what_was_saved_before_a_failure_stays(call, tmp_path):
    content = method()
    content["phases"][0]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file_or_dir": "kept.pth"}
    ]
    content["phases"][1]["optimizers"][0].update(type="SGD", lr=1e30)

    code, _, _ = call(written(tmp_path, content))

    assert code == 1
    assert (tmp_path / "kept.pth").stat().st_size > 0


def test_samples_that_are_no_numbers_are_a_failure_without_a_traceback(call, tmp_path):
    samples = np.zeros((60, 1, 8, 8), np.float32)
    samples[7, 0, 3, 3] = np.nan
    np.save(tmp_path / "holed.npy", samples)
    data = {
        "source": "npy", "dataset": "holed", "path": "holed.npy",
        "batch_size": 20, "num_clusters": 3,
        "batch_augmentations": [{"name": "view", "transforms": [VIEW]}],
    }  # fmt: skip

    code, out, err = call(written(tmp_path, method(datasets=[data])))

    (folder,) = folders(tmp_path)
    assert code == 1
    assert "Traceback" not in out + err
    assert "tiny, seed 0, failed: data set holed, opening: " in out
    assert "sample 7 has a value that is not finite" in result(folder)["error"]


def test_data_that_are_not_there_are_a_problem_of_the_file(call, tmp_path):
    content = method(
        datasets=[
            {"dataset": "MNIST", "root": "nowhere", "batch_size": 5, "num_clusters": 2},
            digits(name="other"),
        ]
    )

    code, _, err = call(written(tmp_path, content))

    assert code == 2
    assert "$.datasets[0].root" in err


def test_quiet_prints_the_summary_and_errors_only(call, tmp_path):
    good, bad = written(tmp_path, method(), "a.json"), written(tmp_path, method(), "b.json")

    _, out, errors = call(good, bad, "--quiet", "--max_iterations", "1", "--set", "seed=3")

    assert out.startswith("\nmethod ")
    assert errors == ""
    assert "log.txt" in {file.name for file in folders(tmp_path)[0].iterdir()}
