"""The table of methods is filled by real runs, and continues where it stopped."""

import json
import signal
import subprocess
import sys

import pytest

from benchmarks.methods.__main__ import due, main
from benchmarks.methods.files import ROOT, method_files
from benchmarks.methods.records import Records

TIMEOUT = 120  # seconds; the process takes a few unless it hangs


def quickstart(iterations):
    """The content of the quickstart with short phases and few restarts."""
    content = json.loads((ROOT / "configurations" / "quickstart" / "quickstart.json").read_text())
    for phase in content["phases"]:
        phase["exit_criteria"] = {"iterations": iterations}
    restarts = {"centroid_initialization_classical_clustering_num_restarts": 1}
    content["cluster_assignment_strategy"] |= restarts
    return {**content, "device": "cpu"}


class Table:
    def __init__(self, folder):
        self.file, self.folder = folder / "quickstart.json", folder / "results"
        self.write(quickstart(iterations=3))

    def write(self, content):
        self.file.write_text(json.dumps(content))

    def arguments(self, seeds):
        return [str(self.file), "--results", str(self.folder), "--seeds", str(seeds)]

    def results(self):
        """File -> content and time of writing of every measurement."""
        files = sorted(self.folder.glob("quickstart/[0-9]*.json"))
        return {f.name: (json.loads(f.read_text()), f.stat().st_mtime_ns) for f in files}


@pytest.fixture
def filled(tmp_path):
    table = Table(tmp_path)
    assert main(table.arguments(1)) == 0
    return table


def test_a_run_becomes_a_result_and_a_row(filled):
    ((result, _),) = filled.results().values()

    assert (result["seed"], result["status"], result["n_samples"]) == (0, "ok", 1797)
    assert result["iterations"] == {"pretraining": 3, "finetuning": 3}
    assert 0.1 < result["scores"]["acc"] < 1
    assert result["seconds"] > 0
    assert " cores, " in result["machine"]
    page = (filled.folder / "README.md").read_text()
    assert f"| {result['scores']['acc']:.3f} | {result['scores']['nmi']:.3f} |" in page
    assert [file.name for file in (filled.folder / "unfinished").iterdir()] == ["lock"]


def test_only_what_is_missing_or_changed_is_measured(filled):
    before = filled.results()
    main(filled.arguments(2))
    both = filled.results()
    filled.write(quickstart(iterations=2))
    main(filled.arguments(1))
    after = filled.results()

    assert both["0.json"] == before["0.json"]
    assert both["1.json"][0]["scores"] != before["0.json"][0]["scores"]
    assert after["0.json"][0]["digest"] != before["0.json"][0]["digest"]
    assert after["0.json"][0]["iterations"] == {"pretraining": 2, "finetuning": 2}
    assert after["1.json"] == both["1.json"]
    (file,) = method_files([filled.file])
    assert [seed for _, seed in due([file], Records(filled.folder), 3)] == [1, 2]


def test_a_failure_is_a_result_and_is_tried_again(tmp_path):
    table = Table(tmp_path)
    content = quickstart(iterations=3)
    content["phases"][0]["optimizers"][0]["lr"] = 1e30
    table.write(content)
    main(table.arguments(1))
    ((result, _),) = table.results().values()

    assert (result["status"], result["scores"]) == ("diverged", {})
    assert "seed 0: diverged" in (table.folder / "README.md").read_text()
    (file,) = method_files([table.file])
    assert [seed for _, seed in due([file], Records(table.folder), 1)] == [0]


def test_a_file_that_cannot_run_does_not_end_the_call(tmp_path):
    table = Table(tmp_path)
    content = quickstart(iterations=3)
    content["mappings"][1]["layers"][0]["in_features"] = 11  # only the dry run notices
    table.write(content)

    assert main(table.arguments(1)) == 0
    ((result, _),) = table.results().values()
    assert (result["status"], result["error"]) == ("invalid", "the dry run failed")


@pytest.mark.slow
def test_an_interrupted_run_is_resumed(tmp_path):
    table = Table(tmp_path)
    content = quickstart(iterations=100)
    content["phases"][0]["design_patterns"][0]["loss_report_interval"] = 10
    table.write(content)
    command = [sys.executable, "-m", "benchmarks.methods", *table.arguments(1)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        next(line for line in process.stdout if line.startswith("pretraining  it 10 "))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 130
    assert "resume with" in out
    assert table.results() == {}
    (run,) = (table.folder / "unfinished").glob("*/quickstart/*/")

    assert main(table.arguments(1)) == 0
    ((result, _),) = table.results().values()
    assert result["iterations"] == {"pretraining": 100, "finetuning": 100}
    assert not run.exists()


def test_two_calls_at_once_are_refused(tmp_path, capsys):
    table = Table(tmp_path)
    hold = "import fcntl, sys; file = open(sys.argv[1], 'ab'); fcntl.lockf(file, fcntl.LOCK_EX); "
    hold += "print('held', flush=True); sys.stdin.read()"
    lock = table.folder / "unfinished" / "lock"
    lock.parent.mkdir(parents=True)
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold, str(lock)], **pipe) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(SystemExit) as end:
            main(table.arguments(1))
        process.communicate()

    assert end.value.code == 2
    assert "another process is using" in capsys.readouterr().err


def test_an_unusable_file_is_named(tmp_path, capsys):
    table = Table(tmp_path)
    table.write({**quickstart(3), "phasse": 1})
    with pytest.raises(SystemExit) as end:
        main(table.arguments(1))

    assert end.value.code == 2
    assert "phasse" in capsys.readouterr().err
