"""The command `dcrf describe` on method files, shipped methods and runs."""

import json

import pytest

from dcrf.cli.commands import main
from tests.cases.methods import method, written
from tests.cases.set_methods import SHAPES, set_method


@pytest.fixture
def describe(capsys):
    def run(named, code=0):
        assert main(["describe", str(named)]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return run


def test_a_method_is_described_with_shapes_and_numbers_of_parameters(describe, tmp_path):
    content = method(description="A tiny method.", references=["https://example.org"])
    text = describe(written(tmp_path, content))

    assert text.startswith("tiny\n  A tiny method.\n\nsources\n  https://example.org\n")
    assert "  digits: 200 samples of shape 1 x 8 x 8; with labels; 10 clusters;" in text
    assert "  encoder: feature extractor, 1 x 8 x 8 -> 5, 1,125 parameters\n" in text
    assert (
        "    Flatten       64\n    Linear, ReLU  16  1,040\n    Linear         5     85\n" in text
    )
    assert (
        "phase pretraining: until 4 iterations\n"
        "  reconstruction: Minimizes the error between samples and their reconstructions\n" in text
    )
    assert "\n  Soft assignments are the normalized similarities" in text
    assert "  Adam: lr=0.01, trains encoder, decoder\n" in text
    assert "  part centroids: 10 x 5\n" in text
    assert "cannot run" not in text


def test_a_run_is_described_by_its_configuration(describe, run, capsys):
    folder = run(method())
    capsys.readouterr()

    assert describe(folder).startswith("tiny\n\ndata sets\n")


def test_without_its_data_a_method_is_described_without_shapes(describe, tmp_path):
    missing = {"source": "npz", "path": "missing.npz", "batch_size": 2, "num_clusters": 2}
    content = method(datasets=[missing | {"name": "mine"}])
    del content["phases"][1]["design_patterns"][2]
    text = describe(written(tmp_path, content))

    assert "  mine: an unknown number of samples of unknown shape; 2 clusters;" in text
    assert "    Linear in_features=64 out_features=16" in text
    assert " It cannot run here: $.datasets[0].path: " in " ".join(text.split())


def test_clustering_problems_are_described(describe, tmp_path):
    text = describe(written(tmp_path, set_method(datasets=[SHAPES])))

    assert " clustering problems of shape " in text


@pytest.mark.parametrize("name", ["dec", "idec_table", "scan", "vade", "learning_to_cluster_2d"])
def test_a_shipped_method_is_described_by_its_name(name, describe):
    assert describe(name).startswith(name)


def test_a_misspelled_name_gets_a_suggestion(describe):
    assert describe("idec_tabel", code=2).endswith("did you mean 'idec_table'?\n")


def test_a_folder_without_a_run_is_an_error(describe, tmp_path):
    assert "is a folder, but not of a run" in describe(tmp_path, code=2)


def test_control_characters_of_a_file_do_not_reach_the_terminal(describe, tmp_path):
    content = method(description="b\x1b]0;c\x07", references=["\x1b[31m"])

    assert "\x1b" not in describe(written(tmp_path, content))


@pytest.mark.parametrize("width", [20, 60, 200])
def test_lines_fit_the_terminal(width, describe, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    for name in ("dec", "scan", "idec_table"):
        lines = describe(name).splitlines()

        assert max(len(line) for line in lines if "/" not in line) <= min(max(width, 60), 100)


def test_a_file_with_mistakes_is_refused_with_all_of_them(describe, tmp_path):
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(method(sede=1)))

    assert "did you mean 'seed'?" in describe(file, code=2)
