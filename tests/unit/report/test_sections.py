"""The sections of a report, each as a function of the files of a run."""

from pathlib import Path

import numpy as np
import pytest

from dcrf.pictures.line_chart import line_chart, thin
from dcrf.pictures.scatter import principal_plane, scatter
from dcrf.report.clusters import clusters_section, confusion_matrix, sizes_of
from dcrf.report.features import features_section
from dcrf.report.head import scores_section, time_and_machine_section
from dcrf.report.html import shown, table
from dcrf.report.learning_curves import curves_section
from dcrf.report.method import method_section
from dcrf.report.saved_files import Curves, SavedFiles
from dcrf.report.several_runs import differing
from dcrf.reporting.blocks import Columns, Paragraph
from dcrf.reporting.records import DatasetRecord, Outcome, PhaseRecord

EVALUATION = {"n_samples": 5, "cluster_sizes": [3, 1], "noise": 1, "acc": 0.75, "nmi": 0.5}
RECORD = DatasetRecord("points", EVALUATION, warnings=("one cluster has nearly all",))
PHASE = PhaseRecord("points", "training", 1000, 10, "1000 iterations")


def run_in(folder=Path("runs/tiny/1"), **changes):
    outcome = Outcome("tiny", "tiny", 0, "ok", datasets=(RECORD,), phases=(PHASE,))
    return SavedFiles(folder, outcome=outcome, status="ok", **changes)


def written(folder, kind, text):
    (folder / kind).mkdir()
    (folder / kind / "points.csv").write_text(text)


def test_the_result_has_scores_ends_of_phases_and_warnings():
    text = scores_section(run_in(problems=["a < b"]))

    assert "0.750" in text
    assert "training on points ended at iteration 1,000" in text
    assert "one cluster has nearly all" in text
    assert "a &lt; b" in text


def test_a_run_without_a_result_has_its_status():
    text = scores_section(SavedFiles(Path("x")))

    assert "not finished" in text
    assert "<table" not in text


def test_curves_are_drawn_by_phase():
    curves = Curves(
        {("points", "training"): {"pattern/loss": [(1, 2.0), (2, 1.0)]}},
        {("points", "training"): {"acc": [(2, 0.5)], "nmi": [(2, 0.4)]}},
    )

    text = curves_section(run_in(curves=curves))

    assert text.count("<svg") == 2
    assert text.count("<polyline") == 3
    assert "training on points" in text


def test_a_run_without_metrics_has_no_curves():
    assert not curves_section(run_in())


def test_curves_stay_in_the_frame_and_have_few_points():
    points = [(i, float(i)) for i in range(1, 10_001)]

    assert len(thin(points)) == 400
    assert thin(points)[0] == points[0]
    assert thin(points)[-1] == points[-1]
    assert len(line_chart({"a": points})) < 10_000


@pytest.mark.parametrize("value", [0.0, -3.0, 1e300])
def test_a_constant_curve_is_drawn(value):
    assert "nan" not in line_chart({"a": [(0, value), (0, value)]})


def test_sizes_have_noise():
    assert sizes_of(RECORD) == {"0": 3, "1": 1, "-1": 1}
    assert sizes_of(DatasetRecord("points", {"cluster_sizes": [1, "<b>"]})) == {}


def test_matches_of_the_confusion_matrix_are_on_its_diagonal():
    text = confusion_matrix([(0, 1, 50), (1, 0, 40), (1, 1, 5), (1, -1, 2)])

    assert text.index("<th>class</th>") < text.index(">1</th>") < text.index(">0</th>")
    assert text.count('class="match"') == 2
    assert "noise" in text


def test_a_large_confusion_matrix_is_left_out():
    assert "too large" in confusion_matrix([(i, i, 1) for i in range(61)])


def test_clusters_have_profiles_and_examples(tmp_path):
    written(
        tmp_path,
        "profiles",
        "cluster,size,column,difference,mean,mean_of_all\n0,3,<width>,-1.25,2.5,3\n",
    )
    written(
        tmp_path,
        "examples",
        "cluster,kind,sample,id,probability,next_cluster\n0,exemplar,4,<b>,0.9,1\n",
    )
    run = run_in(tmp_path)

    text = clusters_section(run, lambda dataset, samples: {})
    with_images = clusters_section(run, lambda _, samples: dict.fromkeys(samples, "data:x"))

    assert "&lt;width&gt; -1.2 sd (2.5; all 3)" in text
    assert "&lt;b&gt;" in text
    assert '<img src="data:x"' in with_images
    assert not run.problems


def test_features_are_drawn_after_each_phase(tmp_path):
    written(tmp_path, "clusters", "sample,cluster\n0,0\n1,1\n2,-1\n")
    (tmp_path / "features").mkdir()
    np.save(tmp_path / "features/points-training.npy", np.eye(3, 4, dtype=np.float32))

    text = features_section(run_in(tmp_path))

    assert text.count("<path") == 3
    assert "after training; 3 samples, 100 % of the variance" in text


def test_features_of_other_samples_are_a_problem(tmp_path):
    written(tmp_path, "clusters", "sample,cluster\n0,0\n")
    (tmp_path / "features").mkdir()
    np.save(tmp_path / "features/points-training.npy", np.eye(3, dtype=np.float32))
    run = run_in(tmp_path)

    assert not features_section(run)
    assert "has the shape (3, 3), not (1, 1 to 4096)" in run.problems[0]


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (7, 3)])
def test_points_of_any_shape_have_places(shape):
    rows = np.random.default_rng(0).normal(size=shape)

    places, share = principal_plane(rows)

    assert places.shape == (shape[0], 2)
    assert 0 < share <= 1 + 1e-9
    assert "nan" not in scatter(places, np.zeros(shape[0], np.int64))


def test_the_method_is_described_with_its_configuration():
    blocks = [Paragraph("mappings"), Columns([["Linear <a>", "5", "30"]], 4, "lrr")]

    text = method_section(run_in(config={"name": "<i>"}), blocks)

    assert "Linear &lt;a&gt;" in text
    assert "&lt;i&gt;" in text


def test_time_and_environment_are_shown():
    text = time_and_machine_section(
        run_in(timing={"opening": 1.0, "training": 3.0}, environment={"packages": {"torch": "2"}})
    )

    assert 'value="0.7500"' in text
    assert "torch" in text


def test_settings_that_differ_are_found_by_name():
    first = {"seed": 1, "phases": [{"name": "a", "lr": 1}, {"name": "b", "lr": 1}], "x": [1]}
    second = {"seed": 2, "phases": [{"name": "b", "lr": 2}], "x": [1]}

    rows = list(differing([first, second]))

    assert rows == [["phases[a]", '{"name": "a", "lr": 1}', "-"], ["phases[b].lr", "1", "2"]]


def test_text_is_escaped_once_and_without_control_characters():
    assert shown(shown("<\x1b>")) == "&lt;\\x1b&gt;"
    assert "<td>&lt;b&gt;</td>" in table(["a"], [["<b>"]])
