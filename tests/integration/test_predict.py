"""The command `dcrf predict` on runs that learned to cluster."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dcrf.cli.commands import main
from dcrf.cli.main import main as run_methods
from dcrf.evaluation.metrics.acc import Acc
from tests.cases.methods import method, written
from tests.cases.set_methods import DIGITS, ON_DIGITS, SHAPES, UNSEEN, set_method


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run on points."""
    return run(tmp_path_factory.mktemp("points"), set_method(datasets=[SHAPES, UNSEEN]))


def run(folder, content):
    file = written(folder, content)
    assert run_methods([str(file), "--output_dir", str(folder / "runs")]) == 0
    return next(folder.glob("runs/*/*-0"))


def rows(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def points_of(folder, problem):
    """The points of a problem of the final evaluation, and their clusters."""
    shown = rows(folder / "pictures/unseen/training_end/objects.csv")
    own = [row for row in shown if row["set"] == str(problem)]
    points = np.array([[float(row["value_1"]), float(row["value_2"])] for row in own])
    return points.astype(np.float32), [row["cluster"] for row in own]


@pytest.mark.parametrize("ending", ["csv", "npz", "npy"])
def test_a_set_gets_the_clusters_that_the_run_gave_it(tmp_path, ending, capsys):
    content = set_method(datasets=[SHAPES, UNSEEN])
    content["phases"][0]["problem_pictures"] = [{"dataset": "unseen", "num_problems": 5}]
    folder = run(tmp_path, content)
    points, clusters = points_of(folder, 3)
    file = tmp_path / f"mine.{ending}"
    if ending == "csv":
        file.write_text("x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in points.tolist()))
    elif ending == "npz":
        np.savez(file, samples=points)
    else:
        np.save(file, points)
    capsys.readouterr()

    assert main(["predict", str(folder), str(file)]) == 0

    written_to = folder / "predictions/mine"
    assert [row["cluster"] for row in rows(written_to / "objects.csv")] == clusters
    numbers = rows(written_to / "scores.csv")
    assert [row["num_clusters"] for row in numbers] == ["1", "2", "3"]
    probabilities = [float(row["probability"]) for row in numbers]
    assert sum(probabilities) == pytest.approx(1, abs=1e-4)
    (chosen,) = [row["num_clusters"] for row in numbers if row["is_chosen"] == "1"]
    assert int(chosen) == 1 + int(np.argmax(probabilities))
    out = capsys.readouterr().out
    assert out.startswith(f"{chosen} cluster")
    assert out.endswith(f"written to {written_to}\n")


def test_the_number_of_clusters_can_be_given(trained, tmp_path):
    file = tmp_path / "mine.npy"
    np.save(file, np.random.default_rng(0).random((9, 2), np.float32))

    for number in (1, 2, 3):
        output = tmp_path / str(number)
        arguments = [str(trained), str(file), "--clusters", str(number), "--output", str(output)]
        assert main(["predict", *arguments]) == 0
        objects = rows(output / "objects.csv")
        assert all(row["cluster"] == row[f"cluster_of_{number}"] for row in objects)
        assert int(max(row["cluster"] for row in objects)) < number


def test_images_go_through_the_transforms_of_the_data_set(tmp_path):
    folder = run(tmp_path, set_method(*ON_DIGITS, datasets=[DIGITS]))
    samples = load_digits().images[:8].astype(np.float32)
    np.savez(tmp_path / "digits.npz", samples=samples.reshape(8, 64))

    code = main(["predict", str(folder), str(tmp_path / "digits.npz")])

    assert code == 0
    assert len(rows(folder / "predictions/digits/objects.csv")) == 8


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((0, 2)), "samples have the shape (0, 2)"),
        (np.array([[0.0, np.nan]]), "sample 0 has a value that is not finite (nan)"),
        (np.zeros((13, 2)), "the set has 13 objects, but the method has learned from sets of at "
         "most 12 (num_objects)"),
        (np.zeros((5, 3)), "objects of shape (3,) do not fit the method"),
    ],
)  # fmt: skip
def test_sets_that_do_not_fit_are_refused_with_their_file(trained, tmp_path, array, words, capsys):
    file = tmp_path / "mine.npz"
    np.savez(file, samples=array)

    assert main(["predict", str(trained), str(file)]) == 2

    error = capsys.readouterr().err
    assert str(file) in error
    assert words in error
    assert not (trained / "predictions" / "mine").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a["file"].rename(a["file"].with_suffix(".txt")), "expected a file that ends in"),
        (lambda a: a["file"].unlink(), "the file does not exist"),
        (lambda a: a["words"].__setitem__(0, "nowhere"), "nowhere is not a run folder"),
        (lambda a: a["words"].extend(["--clusters", "4"]), "has learned at most 3 clusters"),
    ],
)
def test_other_mistakes_are_explained(trained, tmp_path, change, words, capsys):
    file = tmp_path / "mine.npy"
    np.save(file, np.zeros((5, 2), np.float32))
    arguments = {"file": file, "words": [str(trained), str(file)]}
    renamed = change(arguments)
    if isinstance(renamed, Path):
        arguments["words"][1] = str(renamed)

    assert main(["predict", *arguments["words"]]) == 2
    assert words in capsys.readouterr().err


def test_methods_that_cluster_samples_are_refused(tmp_path, capsys):
    folder = run(tmp_path, method())
    np.save(tmp_path / "mine.npy", np.zeros((5, 2), np.float32))

    assert main(["predict", str(folder), str(tmp_path / "mine.npy")]) == 2
    assert "the method tiny clusters samples" in capsys.readouterr().err


def test_a_network_that_has_learned_clusters_points_of_ones_own(tmp_path):
    content = set_method(datasets=[{**SHAPES, "num_objects": 24, "batch_size": 20}])
    content["phases"][0]["exit_criteria"] = {"iterations": 200}
    folder = run(tmp_path, content)
    random = np.random.default_rng(1)
    known = np.repeat([0, 1], 12)
    points = np.array([[0.2, 0.2], [0.8, 0.8]])[known] + random.normal(scale=0.03, size=(24, 2))
    np.save(tmp_path / "two.npy", points.astype(np.float32))

    assert main(["predict", str(folder), str(tmp_path / "two.npy"), "--clusters", "2"]) == 0

    clusters = [int(row["cluster"]) for row in rows(folder / "predictions/two/objects.csv")]
    assert Acc()(known, np.array(clusters)) > 0.9
