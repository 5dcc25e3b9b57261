"""The files that say what clusters are: tables, examples, profiles and features."""

import csv

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_iris

import dcrf
from dcrf.cli.commands import main
from tests.cases.methods import contents, method, result
from tests.cases.set_methods import SHAPES, set_method

IRIS = load_iris()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def write_iris(file):
    lines = [",".join([*IRIS.feature_names, "target"])]
    for numbers, label in zip(IRIS.data.tolist(), IRIS.target, strict=True):
        lines.append(",".join([*map(repr, numbers), f"kind {label}"]))
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def rows(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def only(folder, pattern):
    (path,) = folder.glob(pattern)
    return path


def test_iris_gets_clusters_examples_and_a_profile_in_the_units_of_the_file(here, capsys):
    file = write_iris(here / "iris.csv")
    flags = ["--label", "target", "--max_iterations", "20", "--device", "cpu"]

    assert main(["run", file, "--clusters", "3", *flags]) == 0

    folder = only(here, "runs/iris_idec_table/*-0")
    clusters = rows(folder / "clusters/iris.csv")
    probabilities = [f"probability_of_{cluster}" for cluster in range(3)]
    assert list(clusters[0]) == ["sample", "cluster", "distance", *probabilities]
    values = np.array([[float(row[name]) for name in probabilities] for row in clusters])
    np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-5)
    assigned = np.array([int(row["cluster"]) for row in clusters])
    np.testing.assert_array_equal(assigned, values.argmax(axis=1))

    nearest = next(r for r in rows(folder / "examples/iris.csv") if r["kind"] == "exemplar")
    own = [float(row["distance"]) for row in clusters if row["cluster"] == nearest["cluster"]]
    assert float(nearest["distance"]) == min(own)

    profile = rows(folder / "profiles/iris.csv")
    assert len(profile) == 3 * len(IRIS.feature_names)
    for row in profile:
        column = IRIS.data[:, IRIS.feature_names.index(row["column"])]
        members = assigned == int(row["cluster"])
        assert int(row["size"]) == members.sum()
        assert float(row["mean"]) == pytest.approx(column[members].mean(), rel=1e-5)
        assert float(row["mean_of_all"]) == pytest.approx(column.mean(), rel=1e-5)
        difference = (column[members].mean() - column.mean()) / column.std()
        assert float(row["difference"]) == pytest.approx(difference, rel=1e-4, abs=1e-5)

    lines = capsys.readouterr().out.splitlines()
    said = [line for line in lines if line.startswith("cluster ")]
    assert len(said) == 3
    assert f"; {profile[0]['column']} {float(profile[0]['difference']):+.1f} sd (" in said[0]
    assert max(map(len, said)) <= 100
    assert f"examples of every cluster: {folder.relative_to(here)}/examples/iris.csv" in lines


def test_files_are_known_by_name(here):
    folder = here / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(40):
        values = random.integers(0, 256, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(values).save(folder / f"{index:02}.png")

    flags = ["--max_iterations", "2", "--device", "cpu"]
    assert main(["run", str(folder), "--clusters", "2", *flags]) == 0

    run_folder = only(here, "runs/pictures_idec_images/*-0")
    for row in rows(run_folder / "examples/pictures.csv"):
        assert row["id"] == f"{int(row['sample']):02}.png"
    assert not (run_folder / "profiles").exists()


def test_features_are_saved_after_every_phase_and_change_no_byte(run):
    saved, other = run(method(), "--save_features"), run(method())

    assert contents(saved) == contents(other)
    tables = [(folder / "clusters/digits.csv").read_bytes() for folder in (saved, other)]
    assert tables[0] == tables[1]
    assert not (other / "features").exists()
    features = {
        file.name: np.load(file, allow_pickle=False) for file in saved.glob("features/*.npy")
    }
    assert features.keys() == {"digits-pretraining.npy", "digits-finetuning.npy"}
    for rows_of in features.values():
        assert rows_of.shape == (200, 5)
        assert rows_of.dtype == np.float32
    assert not np.array_equal(*features.values())


def test_moments_are_saved_and_change_no_byte(run):
    few, many = run(method()), run(method(), "--save_moments", "2")

    assert contents(few) == contents(many)
    saved = {file.name: file.read_bytes() for file in few.glob("moments/digits/*")}
    assert saved.keys() == {
        *("samples.csv", "samples.npy", "pretraining-end.npy", "finetuning-end.npy")
    }
    others = {file.name: file.read_bytes() for file in many.glob("moments/digits/*")}
    assert saved.items() < others.items()
    assert others["finetuning-2.npy"] != others["finetuning-end.npy"]
    labels = [int(row["label"]) for row in rows(few / "moments/digits/samples.csv")]
    assert labels == load_digits().target[:200].tolist()


def test_a_resumed_run_saves_the_moments_that_it_would_have_saved(run):
    whole = run(method(), "--save_moments", "2")
    part = run(method(), "--save_moments", "2", "--phases", "pretraining")

    assert main(["run", "--resume", str(part)]) == 0

    files = [sorted(folder.glob("moments/digits/*")) for folder in (whole, part)]
    assert [f.name for f in files[0]] == [f.name for f in files[1]]
    assert [f.read_bytes() for f in files[0]] == [f.read_bytes() for f in files[1]]


def test_saved_features_are_those_of_the_trained_method(tmp_path, run):
    folder = run(method(), "--save_features", "--device", "cpu")
    trained = dcrf.run(method(), device="cpu")
    samples = (load_digits().data[:200] / 16).astype(np.float32)

    np.testing.assert_array_equal(
        np.load(folder / "features/digits-finetuning.npy"), trained.features(samples)
    )


def test_clustering_problems_have_no_features(run):
    folder = run(set_method(datasets=[SHAPES]), "--save_features")

    assert result(folder)["status"] == "ok"
    assert not (folder / "features").exists()
    assert not (folder / "moments").exists()
    assert (folder / "clusters/shapes.csv").read_text().startswith("problem,object,cluster\n")


def test_predictions_have_the_format_of_runs_and_features_when_asked_for(here):
    file = write_iris(here / "iris.csv")
    flags = ["--label", "target", "--max_iterations", "5", "--device", "cpu", "--save_features"]
    assert main(["run", file, "--clusters", "3", *flags]) == 0
    folder = only(here, "runs/iris_idec_table/*-0")

    assert main(["predict", str(folder), file, "--features", "--output", "out"]) == 0

    assert (here / "out/clusters.csv").read_bytes() == (folder / "clusters/iris.csv").read_bytes()
    np.testing.assert_array_equal(
        np.load(here / "out/features.npy"), np.load(only(folder, "features/*clustering.npy"))
    )


def test_sets_have_no_features_to_predict(tmp_path, run, capsys):
    folder = run(set_method(datasets=[SHAPES]))
    np.save(tmp_path / "mine.npy", np.zeros((5, 2), np.float32))

    assert main(["predict", str(folder), str(tmp_path / "mine.npy"), "--features"]) == 2
    assert "--features: sets of objects have no features" in capsys.readouterr().err
