"""From data to clusters in one line: `dcrf run DATA`, and `dcrf new DATA`."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris

from dcrf.cli.commands import main
from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.runs.new_method import method_file, new_method
from tests.cases.methods import result


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flowers(folder, with_labels=True):
    samples, labels = load_iris(return_X_y=True)
    lines = ["name,length,width,petal length,petal width" + (",kind" if with_labels else "")]
    for index, (row, label) in enumerate(zip(samples.tolist(), labels, strict=True)):
        kind = [f"kind {label}"] if with_labels else []
        lines.append(",".join([f"f{index}", *map(repr, row), *kind]))
    file = folder / "flowers.csv"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def pictures(folder, sizes=((20, 30), (16, 16))):
    images = folder / "pictures"
    images.mkdir()
    random = np.random.default_rng(0)
    for index in range(40):
        values = random.integers(0, 256, (*sizes[index % len(sizes)], 3)).astype(np.uint8)
        Image.fromarray(values).save(images / f"{index:02}.png")
    return str(images)


def run(*words):
    return main(["run", *words, "--max_iterations", "3", "--device", "cpu"])


def test_a_table_becomes_clusters_and_predictions(here, capsys):
    file = flowers(here)

    assert run(file, "--clusters", "3", "--id", "name", "--label", "kind") == 0

    (folder,) = here.glob("runs/flowers_idec_table/*-0")
    assert result(folder)["datasets"][0]["evaluation"]["acc"] > 0.5
    rows = list(csv.DictReader((folder / "clusters/flowers.csv").read_text().splitlines()))
    assert [row["id"] for row in rows] == [f"f{index}" for index in range(150)]
    out = capsys.readouterr().out.splitlines()
    relative = folder.relative_to(here)
    assert out[-2] == f"the cluster of every sample: {relative}/clusters/flowers.csv"
    assert out[-1].endswith(f"dcrf predict {relative} NEW_DATA")

    new = flowers(here, with_labels=False)
    assert main(["predict", str(folder), new]) == 0
    predicted = (folder / "predictions/flowers/clusters.csv").read_text().splitlines()
    assert [r["cluster"] for r in csv.DictReader(predicted)] == [row["cluster"] for row in rows]


def test_a_folder_of_images_of_any_size_becomes_clusters_and_predictions(here):
    folder = pictures(here)

    assert run(folder, "--clusters", "2") == 0

    (run_folder,) = here.glob("runs/pictures_idec_usps/*-0")
    assert main(["predict", str(run_folder), folder]) == 0
    rows = csv.DictReader(
        (run_folder / "predictions/pictures/clusters.csv").read_text().splitlines()
    )
    assert [row["id"] for row in rows] == [f"{index:02}.png" for index in range(40)]


def test_a_new_file_runs_and_can_be_edited(here, capsys):
    file = flowers(here, with_labels=False)

    assert main(["new", file, "--clusters", "4", "--id", "name", "--method", "dec"]) == 0

    made = here / "flowers_dec_usps.json"
    assert capsys.readouterr().out.startswith(f"written to {made.name}; run it by: ")
    content = json.loads(made.read_text())
    assert content["datasets"][0]["num_clusters"] == 4
    check(load_checked(made))
    assert run(str(made)) == 0
    assert main(["new", file, "--clusters", "4", "--id", "name", "--method", "dec"]) == 2
    assert "exists; name another file with --output" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["idec", "vade", "k_means", "imsat_vat_usps", "acai", "temi"])
def test_shipped_methods_take_rows(here, method):
    np.save(here / "rows.npy", np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32))

    check(load_checked(new_method(here / "rows.npy", 4, method, {}).content))


@pytest.mark.parametrize("method", ["dcec", "idec_da", "ccnn", "dec_cc_hybrid", "jule", "k_means"])
def test_shipped_methods_take_images(here, method):
    check(load_checked(new_method(here / pictures(here), 4, method, {}).content))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["flowers.csv"], "flowers.csv: how many clusters? Add --clusters K"),
        (["flowers.csv", "--clusters", "3"], "--id name takes them as the names of rows"),
        (
            ["flowers.csv", "--clusters", "3", "--id", "nme", "--label", "kind"],
            "no column 'nme'; the table has",
        ),
        (["flowers.csv", "--clusters", "3", "--method", "decc"], "did you mean 'dec'?"),
        (["flowers.csv", "--clusters", "3", "--method", "x.json"], "x.json does not exist"),
        (
            ["rows.npy", "--clusters", "3", "--label", "kind"],
            "--label kind is not one of its options",
        ),
        (["rows.npy", "--clusters", "3", "--method", "dcec"], "needs images"),
        (["method.json", "--clusters", "3"], "--clusters is for data"),
        (["missing.csv", "--clusters", "3"], "missing.csv"),
    ],
)
def test_mistakes_are_explained(here, words, expected, capsys):
    flowers(here)
    (here / "method.json").write_text("{}")
    np.save(here / "rows.npy", np.zeros((30, 12), np.float32))

    assert run(*words) == 2

    error = capsys.readouterr().err
    assert expected in error
    assert "Traceback" not in error
    assert not list(here.glob("runs/*/*"))


def test_a_misspelled_flag_gets_a_suggestion(here, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["run", flowers(here), "--cluster", "3"])
    assert "unknown flag --cluster; did you mean --clusters?" in capsys.readouterr().err


def test_names_of_shipped_methods():
    assert method_file("dec").stem == "dec_usps"
    assert method_file("idec_table").stem == "idec_table"
    assert method_file("dec_cc_hybrid").parent.name == "dec_cc_hybrid"
