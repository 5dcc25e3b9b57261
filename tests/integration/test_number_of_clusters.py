"""`--clusters auto` and `--clusters 2-12`: the number of clusters is chosen without labels."""

import csv
import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dcrf.cli.commands import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(folder, k, n=90):
    random = np.random.default_rng(0)
    centers = np.array([[0, 0, 0], [20, 0, 0], [0, 20, 0]])[:k]
    rows = centers[np.arange(n) % k] + random.normal(size=(n, 3))
    file = folder / "rows.csv"
    file.write_text("\n".join(["a,b,c", *(",".join(map(repr, r)) for r in rows.tolist())]) + "\n")
    return file.name


def run(*words):
    return main(["run", *words, "--max_iterations", "2", "--device", "cpu"])


def test_the_number_is_chosen_shown_written_and_trained_with(here, capsys):
    assert run(table(here, 3), "--clusters", "2-4") == 0

    out = capsys.readouterr().out
    assert "2 to 4 clusters of 90 samples, in the first 3 principal components of" in out
    assert "3 clusters: of the numbers with a star, which both tests support" in out
    with (here / "runs/rows_clusters.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["num_clusters"] for row in rows] == ["2", "3", "4"]
    assert [row["is_chosen"] for row in rows] == ["0", "1", "0"]
    assert ET.parse(here / "runs/rows_clusters.svg").getroot().tag.endswith("svg")
    (config,) = here.glob("runs/rows_idec_table/*-0/config.json")
    assert json.loads(config.read_text())["datasets"][0]["num_clusters"] == 3


def test_data_without_clusters_are_not_trained_on(here, capsys):
    assert run(table(here, 1), "--clusters", "auto") == 2

    captured = capsys.readouterr()
    assert "the data show no clusters" in captured.out
    assert "to cluster them anyway, add --clusters 2" in captured.err
    assert "2 to 9 clusters" in captured.out  # the square root of 90
    assert {f.name for f in here.glob("runs/*")} == {"rows_clusters.csv", "rows_clusters.svg"}


def test_a_new_file_has_the_chosen_number(here, capsys):
    assert main(["new", table(here, 2), "--clusters", "2-2"]) == 0

    content = json.loads((here / "rows_idec_table.json").read_text())
    assert content["datasets"][0]["num_clusters"] == 2
    assert (here / "rows_clusters.svg").exists()
    assert "try a range with larger ones" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("1-5", "expected a rising range that starts at 2 or above"),
        ("5-3", "expected a rising range"),
        ("many", "expected a number of at least 1, a range such as 2-12, or auto"),
    ],
)
def test_mistakes_in_the_flag_are_explained(here, capsys, words, expected):
    with pytest.raises(SystemExit, match=r"^2$"):
        run(table(here, 2), "--clusters", words)

    assert expected in capsys.readouterr().err


def test_more_clusters_than_samples_are_explained(here, capsys):
    assert run(table(here, 2, n=20), "--clusters", "2-17") == 2

    assert "17 clusters need sub-samples of as many samples" in capsys.readouterr().err
