"""The commands `dcrf predict` and `dcrf evaluate` on finished runs."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_iris

import dcrf
from dcrf.cli.commands import main
from dcrf.cli.main import main as run_methods
from dcrf.evaluation.metrics.acc import Acc
from dcrf.runs.assigned_batches import assign_batches
from dcrf.runs.trained_run import open_run
from tests.cases.methods import CENTROIDS, method, result, written
from tests.cases.set_methods import DIGITS, ON_DIGITS, SHAPES, UNSEEN, set_method
from tests.integration.test_resume import balanced, by_scores


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run on points."""
    return run(tmp_path_factory.mktemp("points"), set_method(datasets=[SHAPES, UNSEEN]))


def run(folder, content):
    file = written(folder, content)
    assert run_methods([str(file), "--output_dir", str(folder / "runs")]) == 0
    return next(folder.glob("runs/*/*-0"))


def add(file, **entries):
    """Add entries to the object in a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


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


def test_clusters_of_samples_have_a_fixed_number(tmp_path, capsys):
    folder = run(tmp_path, method())
    np.save(tmp_path / "mine.npy", np.zeros((5, 64), np.float32))

    assert main(["predict", str(folder), str(tmp_path / "mine.npy"), "--clusters", "3"]) == 2
    assert "--clusters 3: the clusters of the run are fixed" in capsys.readouterr().err


@pytest.mark.slow
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


PROFILE = "sepal length,sepal width,petal length,petal width"
TABLE = load_iris()


def table(file, columns, numbers, **others):
    """Write a table of numbers with other columns before them."""
    header = ",".join([*others, *columns])
    texts = [[*map(repr, map(float, row))] for row in numbers]
    lines = [[*values, *row] for *values, row in zip(*others.values(), texts, strict=True)]
    file.write_text("\n".join([header, *map(",".join, lines)]) + "\n")
    return file


def flowers(folder, **changes):
    """A method on a table with ids and labels, standardized, with an autoencoder."""
    ids, names = (f"f{i}" for i in range(150)), TABLE.target_names[TABLE.target]
    file = table(folder / "flowers.csv", PROFILE.split(","), TABLE.data, name=ids, kind=names)
    dataset = {
        "name": "flowers",
        "source": "csv",
        "path": str(file),
        "id_column": "name",
        "label_column": "kind",
        "steps": [{"type": "standardize"}],
        "num_clusters": 3,
        "batch_size": 50,
    }
    layers = [{"type": "Linear", "in_features": 4, "out_features": 5}]
    back = [{"type": "Linear", "in_features": 5, "out_features": 4}]
    content = method(datasets=[dataset], **changes)
    content["mappings"] = [
        {"type": "feature_extractor", "name": "encoder", "layers": layers},
        {"type": "design_pattern_specific", "name": "decoder", "layers": back},
    ]
    del content["phases"][1]["design_patterns"][2]  # its view is one of images
    return content


@pytest.fixture(scope="module")
def on_flowers(tmp_path_factory):
    """The folder of a run on a table."""
    folder = tmp_path_factory.mktemp("flowers")
    return run(folder, flowers(folder))


def test_new_rows_get_the_clusters_of_the_run_by_the_names_of_columns(on_flowers, tmp_path):
    known = rows(on_flowers / "clusters/flowers.csv")
    order = [2, 0, 3, 1]
    columns = [PROFILE.split(",")[place] for place in order]
    extra = {"name": [f"new{i}" for i in range(20)], "remark": ["-"] * 20}
    file = table(tmp_path / "new.csv", columns, TABLE.data[40:60][:, order], **extra)

    assert main(["predict", str(on_flowers), str(file), "--output", str(tmp_path / "out")]) == 0

    predicted = rows(tmp_path / "out/clusters.csv")
    assert [row["cluster"] for row in predicted] == [row["cluster"] for row in known[40:60]]
    assert [row["id"] for row in predicted] == extra["name"]
    probabilities = [f"probability_of_{cluster}" for cluster in range(3)]
    assert {"distance", *probabilities} < {*predicted[0]}


def test_the_data_of_the_run_get_its_examples_and_profile(on_flowers, tmp_path):
    names = [row["id"] for row in rows(on_flowers / "clusters/flowers.csv")]
    file = table(tmp_path / "again.csv", PROFILE.split(","), TABLE.data, name=names)

    main(["predict", str(on_flowers), str(file), "--output", str(tmp_path / "out")])

    for own, new in (("examples", "examples"), ("profiles", "profile")):
        of_run = (on_flowers / own / "flowers.csv").read_text()
        assert (tmp_path / "out" / f"{new}.csv").read_text() == of_run


def test_one_row_has_the_cluster_that_it_has_among_many(on_flowers, tmp_path):
    known = rows(on_flowers / "clusters/flowers.csv")
    for index in (3, 77, 149):
        np.save(tmp_path / "one.npy", TABLE.data[index : index + 1].astype(np.float32))
        main(["predict", str(on_flowers), str(tmp_path / "one.npy"), "--output", str(tmp_path)])
        assert rows(tmp_path / "clusters.csv")[0]["cluster"] == known[index]["cluster"]


def test_a_missing_column_is_named(on_flowers, tmp_path, capsys):
    columns = ["sepal length", "sepal width", "petal length"]
    file = table(tmp_path / "new.csv", columns, TABLE.data[:5, :3], name=list("abcde"))

    assert main(["predict", str(on_flowers), str(file)]) == 2
    error = capsys.readouterr().err
    assert str(file) in error
    assert "'petal width'" in error


def test_errors_of_new_data_have_no_settings_of_method_files(on_flowers, tmp_path, capsys):
    columns = ["Sepal Length", *PROFILE.split(",")[1:]]
    renamed = table(tmp_path / "new.csv", columns, TABLE.data[:5], name=list("abcde"))
    wrong = table(tmp_path / "wrong.csv", PROFILE.split(","), TABLE.data[:1], name=["a"])
    wrong.write_text(wrong.read_text().replace("5.1", "long"))
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (8, 9)).save(photos / "1.png")

    for data, words in (
        (renamed, "did you mean 'Sepal Length'?"),
        (wrong, "'long' is not a number"),
        (photos, "the run has read a table in a text file (csv), but the new data are a folder of"),
    ):
        assert main(["predict", str(on_flowers), str(data)]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"{data}: ")
        assert words in error
        assert "_column" not in error


def test_a_run_is_evaluated_again_and_on_other_data(on_flowers, tmp_path, capsys):
    expected = result(on_flowers)["datasets"][0]["evaluation"]
    assert main(["evaluate", str(on_flowers)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"flowers  ACC {expected['acc']:.3f}  NMI {expected['nmi']:.3f}")
    assert out.endswith("(n=150)\n")

    names = TABLE.target_names[TABLE.target][:60]
    ids = [str(i) for i in range(60)]
    file = table(tmp_path / "new.csv", PROFILE.split(","), TABLE.data[:60], name=ids, kind=names)
    assert main(["evaluate", str(on_flowers), str(file)]) == 0
    assert re.fullmatch(r"new.csv  ACC \S+  NMI \S+  ARI \S+  \(n=60\)\n", capsys.readouterr().out)


def test_labels_are_not_needed_to_predict_but_to_evaluate(on_flowers, tmp_path, capsys):
    ids = [str(i) for i in range(60)]
    file = table(tmp_path / "new.csv", PROFILE.split(","), TABLE.data[:60], name=ids)

    assert main(["predict", str(on_flowers), str(file), "--output", str(tmp_path)]) == 0
    assert main(["evaluate", str(on_flowers), str(file)]) == 2
    assert "'kind'" in capsys.readouterr().err


def test_a_data_set_that_the_run_does_not_have_gets_a_suggestion(on_flowers, capsys):
    assert main(["evaluate", str(on_flowers), "--dataset", "flower"]) == 2
    assert "no data set 'flower'; did you mean 'flowers'?" in capsys.readouterr().err


def test_an_unfinished_run_is_refused(on_flowers, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(on_flowers, copy)
    next(copy.glob("parameters/*encoder*")).unlink()

    assert main(["evaluate", str(copy)]) == 2
    err = capsys.readouterr().err
    assert "encoder.safetensors is missing: the run has not finished with 'flowers'" in err
    assert f"dcrf run {copy} --resume continues it" in err


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"\xff"])
def test_a_damaged_encoding_is_named(on_flowers, tmp_path, damage, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(on_flowers, copy)
    (file,) = copy.glob("parameters/*_encoding.json")
    file.write_bytes(damage)

    assert main(["evaluate", str(copy)]) == 2
    assert str(file) in capsys.readouterr().err


def test_a_run_of_an_older_version_has_only_the_names_of_columns(on_flowers, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(on_flowers, copy)
    (file,) = copy.glob("parameters/*_encoding.json")
    file.with_name(file.name.replace("encoding", "columns")).write_text(
        json.dumps([column["name"] for column in json.loads(file.read_text())["columns"]])
    )
    file.unlink()
    columns, order = PROFILE.split(","), [2, 0, 3, 1]
    names = [columns[place] for place in order]
    new = table(tmp_path / "new.csv", names, TABLE.data[40:60][:, order])

    assert main(["predict", str(copy), str(new), "--output", str(tmp_path / "out")]) == 0
    known = rows(on_flowers / "clusters/flowers.csv")[40:60]
    predicted = rows(tmp_path / "out/clusters.csv")
    assert [row["cluster"] for row in predicted] == [row["cluster"] for row in known]


def annealed():
    """Probabilities that depend on how far a schedule has come."""
    schedule = {
        "schedule": "deep_k_means_annealing",
        "annealing_initial_value": 0.1,
        "annealing_final_value": 2.0,
        "annealing_iterations_per_value": 1,
        "unit": "iteration",
    }
    gaussian = {
        "similarity_measure": "gaussian",
        "gaussian_similarity_measure_inverse_temperature": schedule,
    }
    return method(cluster_assignment_strategy={**CENTROIDS, **gaussian})


@pytest.mark.parametrize("make", [by_scores, annealed, balanced], ids=lambda make: make.__name__)
def test_a_reopened_run_gives_the_probabilities_of_the_trained_method(tmp_path, make):
    trained = dcrf.run(make(), output_dir=tmp_path / "runs", device="cpu")
    samples = (load_digits().data[:50] / 16).astype(np.float32)
    expected = trained.assign(samples)
    np.save(tmp_path / "digits.npy", samples)

    reopened, batches = open_run(trained.folder), []
    source = reopened.open_file(tmp_path / "digits.npy")
    clusters = assign_batches(reopened.method, source, [batches.append])

    probabilities = np.concatenate([batch.probabilities for batch in batches])
    np.testing.assert_array_equal(probabilities, expected)
    np.testing.assert_array_equal(clusters, expected.argmax(axis=1))


def test_a_run_of_another_version_names_it(trained, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    add(folder / "config.json", colour="red")

    assert main(["predict", str(folder), str(tmp_path / "mine.npy")]) == 2
    assert "wrote the run" not in capsys.readouterr().err

    add(folder / "environment.json", dcrf="9.0.0")

    assert main(["predict", str(folder), str(tmp_path / "mine.npy")]) == 2
    err = capsys.readouterr().err
    assert "unknown key 'colour'" in err
    assert "another version wrote the run (dcrf 9.0.0, commit" in err


def test_other_data_of_one_name_get_a_folder_of_their_own(on_flowers, tmp_path, capsys):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        table(tmp_path / name / "new.csv", PROFILE.split(","), TABLE.data[40:60])
    run = shutil.copytree(on_flowers, tmp_path / "run")
    first, second = run / "predictions/new", run / "predictions/new_2"

    assert main(["predict", str(run), str(tmp_path / "x/new.csv"), "--features"]) == 0
    assert main(["predict", str(run), str(tmp_path / "y/new.csv")]) == 0
    assert (first / "features.npy").exists()
    assert (second / "clusters.csv").exists()
    assert main(["predict", str(run), str(tmp_path / "x/new.csv")]) == 0

    assert not (first / "features.npy").exists()
    assert json.loads((first / "prediction.json").read_text()) == {
        "data": str(tmp_path / "x/new.csv")
    }
    assert f"written to {first}" in capsys.readouterr().out
