"""Pictures of the case study have a point for every sample, in the color of its label."""

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.reproduction import pictures
from benchmarks.reproduction.pictures import CODES, DATA_SETS, codes, picture
from dcrf.cli.reproduce import ReproducedRuns
from dcrf.pictures.drawings import COLORS
from dcrf.reproduction.entries import read_reproductions

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_has_all_points_by_label():
    places = np.random.default_rng(0).normal(size=(60, 2))
    labels = np.arange(60) % 12

    root = ElementTree.fromstring(picture(places, labels, "mnist, raw"))

    paths = [*root.iter(f"{SVG}path")]
    assert [path.get("d").count("M") for path in paths] == [5] * 12
    assert [path.get("stroke") for path in paths] == [*COLORS, *COLORS[:2]]
    assert [path.get("stroke-linecap") for path in paths[9:11]] == ["round", "square"]
    assert "mnist, raw" in [text.text for text in root.iter(f"{SVG}text")]


def test_equal_places_are_drawn():
    assert "M200.0 200.0h0" in picture(np.ones((3, 2)), np.zeros(3, np.int64), "")


def test_every_run_of_a_picture_saves_its_features():
    known = read_reproductions()

    names = [
        f"taxonomy_case_study_{loss}_{data}" for data in DATA_SETS for loss, _ in CODES.values()
    ]
    assert all(known[name].saves_features for name in names)


def test_codes_are_those_of_a_finished_run(tmp_path):
    name, phase = "taxonomy_case_study_km_mnist", "clustering"
    assert codes(name, phase, tmp_path) is None
    run = (
        ReproducedRuns(read_reproductions()[name], tmp_path).folder / name / "2026-11-30T12-00-00-0"
    )
    (run / "features").mkdir(parents=True)
    (run / "checkpoints").mkdir()
    (run / "config.json").write_text("{}")
    (run / "checkpoints" / "run.json").write_text(
        '{"seed_in_names": null, "threads": 1, "number": 1}'
    )
    np.save(run / "features" / "mnist-clustering.npy", np.ones((3, 2)))

    assert codes(name, phase, tmp_path) is None  # it has not finished
    (run / "result.json").write_text("{}")
    assert codes(name, phase, tmp_path).shape == (3, 2)


@pytest.mark.real_data
def test_data_are_in_the_order_of_the_case_study():
    sizes = {name: (len(read()[0]), read()[0].shape[1]) for name, read in DATA_SETS.items()}

    assert sizes == {"mnist": (10_000, 784), "coil20": (1440, 1024)}
    for read in DATA_SETS.values():
        rows, labels = read()
        assert (rows.min(), rows.max()) == (0, 1)
        assert len(labels) == len(rows)


def test_missing_runs_are_named(tmp_path, capsys, monkeypatch):
    few = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 3
    monkeypatch.setattr(pictures, "DATA_SETS", {"mnist": lambda: few})

    code = pictures.main(["--output_dir", str(tmp_path), "--pictures", str(tmp_path / "drawn")])

    assert code == 1
    (raw,) = (tmp_path / "drawn").iterdir()
    assert raw.name == "taxonomy_case_study_kld_mnist-raw.svg"
    assert capsys.readouterr().err.count("has not finished") == 3
