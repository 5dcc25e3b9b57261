"""The queue of reproductions runs in its order, and continues where it stopped."""

import json

import pytest

from benchmarks.reproduction.__main__ import QUEUE, due, main
from benchmarks.reproduction.results import Results
from dcrf.reproduction.entries import Reproduction, read_reproductions
from dcrf.reproduction.figures import Figure
from tests.cases.methods import method
from tests.unit.reproduction.cases import result

FIGURE = Figure({"acc": 0.5}, "a method", "a paper", "R")


class Queue:
    def __init__(self, folder, *entries):
        self.folder, self.results = folder, Results(folder / "results")
        (folder / "queue.json").write_text(json.dumps(entries))
        self.known = {name: self.reproduction(name) for name, _ in entries}

    def reproduction(self, name):
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(method(name=name, device="cpu")))
        return Reproduction(name, str(file), 3, "digits", (FIGURE,))

    def run(self, *flags):
        places = {"queue": "queue.json", "results": "results", "output_dir": "runs"}
        words = [
            word for flag, name in places.items() for word in (f"--{flag}", self.folder / name)
        ]
        return main([*map(str, [*words, *flags])], self.known)


def test_the_shipped_queue_reaches_every_reproduction():
    known, queue = read_reproductions(), json.loads(QUEUE.read_text())

    assert {name for name, _ in queue} == known.keys()
    assert all(1 <= n_seeds <= known[name].seeds for name, n_seeds in queue)


def test_seeds_are_due_once_in_the_order_of_the_queue(tmp_path):
    queue = Queue(tmp_path, ["one", 1], ["two", 1], ["one", 3])
    queue.results.write(queue.known["one"], result(1))

    entries = [["one", 1], ["two", 1], ["one", 3]]
    found = [(r.name, seed) for r, seed in due(entries, queue.known, queue.results)]

    assert found == [("one", 0), ("two", 0), ("one", 2)]


def test_a_run_becomes_a_result_and_a_page(tmp_path, capsys):
    queue = Queue(tmp_path, ["one", 1])
    assert queue.run() == 0
    (file,) = queue.results.folder.rglob("*.json")
    before = file.stat().st_mtime_ns
    read = queue.results.read(queue.known["one"])[0]

    page = (queue.results.folder / "reproduction.md").read_text()
    assert f"| ACC | 0.500 | {read.scores['']['acc']:.3f} (n=1) |" in page
    assert (queue.results.folder / "pictures" / "reproduction" / "one.svg").is_file()
    assert queue.run() == 0  # nothing is due
    assert file.stat().st_mtime_ns == before

    capsys.readouterr()
    assert queue.run("--list") == 0
    assert capsys.readouterr().out.split() == ["1", "of", "1", "seeds", "one"]


def test_a_failed_run_does_not_end_the_queue(tmp_path):
    queue = Queue(tmp_path, ["one", 1], ["two", 1])
    content = method(name="one", device="cpu")
    content["phases"][0]["optimizers"][0]["lr"] = 1e30
    (tmp_path / "one.json").write_text(json.dumps(content))

    assert queue.run() == 1
    assert queue.results.read(queue.known["one"]) == {}
    assert queue.results.read(queue.known["two"]).keys() == {0}


def test_no_time_runs_nothing(tmp_path, capsys):
    queue = Queue(tmp_path, ["one", 1])

    assert queue.run("--minutes", "0") == 0
    assert queue.results.read(queue.known["one"]) == {}


def test_an_unknown_name_is_named(tmp_path, capsys):
    queue = Queue(tmp_path, ["one", 1])

    with pytest.raises(SystemExit) as end:
        queue.run("--only", "onee")

    assert end.value.code == 2
    assert "did you mean 'one'?" in capsys.readouterr().err
