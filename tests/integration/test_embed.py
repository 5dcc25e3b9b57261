"""Images become features, and features clusters: `dcrf embed`, `dcrf run`, `dcrf predict`."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from dcrf.cli.commands import main
from tests.cases.methods import result

MODEL = ("--model", "torchvision/resnet18", "--random", "--device", "cpu")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pictures(folder, n=8, seed=0):
    random = np.random.default_rng(seed)
    for index in range(n):
        values = random.integers(0, 256, (8, 8), dtype=np.uint8)
        (folder / f"class_{index % 2}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(folder / f"class_{index % 2}/{index}.png")
    return str(folder)


def rows(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def test_images_become_features_and_clusters_with_names_labels_and_provenance(here, capsys):
    pictures(here / "images")
    assert main(["embed", "images", *MODEL, "--out", "features.npy"]) == 0

    *_, written, sentence, hint = capsys.readouterr().out.splitlines()
    assert written == "features.npy (8 x 512) is written"
    assert "random parameters, seed 0), computed from images; it has seen no labels" in sentence
    assert hint.endswith("dcrf run features.npy --clusters K")

    words = ["run", "features.npy", "--clusters", "2", "--max_iterations", "2", "--device", "cpu"]
    assert main(words) == 0

    (folder,) = here.glob("runs/features_idec_table/*-0")
    (dataset,) = result(folder)["datasets"]
    assert dataset["evaluation"]["acc"] >= 0.5
    assert dataset["provenance"][0]["model"] == "torchvision/resnet18"
    assert dataset["provenance"][0]["note"] == sentence
    assert sentence in (folder / "log.txt").read_text()
    names = [row["id"] for row in rows(folder / "clusters/features.csv")]
    assert names == [f"class_{k}/{i}.png" for k in (0, 1) for i in range(k, 8, 2)]

    main(["embed", pictures(here / "others", n=3, seed=1), *MODEL, "--out", "others.npy"])
    assert main(["predict", str(folder), "others.npy"]) == 0
    predicted = rows(folder / "predictions/others/clusters.csv")
    assert [row["id"] for row in predicted] == ["class_0/0.png", "class_0/2.png", "class_1/1.png"]
    assert main(["evaluate", str(folder), "others.npy"]) == 0
    assert "ACC" in capsys.readouterr().out.splitlines()[-1]


def test_a_second_call_computes_nothing(here, capsys):
    words = ["embed", pictures(here / "images", n=2), *MODEL, "--out", "out/features.npy"]
    assert main(words) == 0
    before = (here / "out/features.json").stat().st_mtime_ns

    assert main(words) == 0

    assert "out/features.npy (2 x 512) is already there" in capsys.readouterr().out
    assert (here / "out/features.json").stat().st_mtime_ns == before


def test_a_data_set_of_a_method_file_is_embedded(here):
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    np.savez("images.npz", samples=images, labels=np.arange(6) % 3)
    assert main(["new", "images.npz", "--clusters", "3", "--output", "method.json"]) == 0
    content = json.loads((here / "method.json").read_text())
    content["datasets"][0]["index_of_last_sample_to_use"] = 2
    (here / "method.json").write_text(json.dumps(content))

    words = ["embed", "method.json", "--dataset", "images", *MODEL, "--out", "features.npy"]
    assert main(words) == 0

    assert np.load("features.npy").shape == (3, 512)
    assert np.load("features_labels.npy").tolist() == [0, 1, 2]
    assert json.loads((here / "features.json").read_text())["data"] == "images in method.json"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["images", *MODEL, "--out", "features.npz"], "expected a file that ends in .npy"),
        (["images", "--model", "torchvision/resnet18", "--seed", "1", "--out", "f.npy"], "--seed"),
        (["images", "--model", "torchvision/x", "--out", "f.npy"], "has no network 'x'"),
        (["images", *MODEL, "--dataset", "a", "--out", "f.npy"], "images is not a method file"),
        (["missing", *MODEL, "--out", "f.npy"], "missing: it does not exist"),
        (["rows.npy", *MODEL, "--out", "f.npy"], "networks embed images"),
        (["images", *MODEL[:2], "--weights", "none.pth", "--out", "f.npy"], "none.pth"),
    ],
)
def test_a_mistake_is_one_line_with_a_remedy(here, capsys, words, message):
    pictures(here / "images", n=2)
    np.save("rows.npy", np.ones((3, 2), np.float32))

    assert main(["embed", *words]) == 2

    assert message in capsys.readouterr().err
    assert not [*here.glob("f.*")]
