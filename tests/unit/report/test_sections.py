"""The sections of a report, each as a function of the files of a run."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcrf.config import load_checked
from dcrf.pictures.drawings import COLORS
from dcrf.pictures.line_chart import line_chart, thin
from dcrf.pictures.scatter import MARKS, Axes, Groups, scatter
from dcrf.report.clusters import clusters_section, confusion, confusion_matrix, sizes_of
from dcrf.report.diagram import MappingFacts
from dcrf.report.example_samples import Drawn
from dcrf.report.features import features_section
from dcrf.report.head import scores_section, time_and_machine_section
from dcrf.report.html import linked, shown, table
from dcrf.report.learning_curves import curves_section
from dcrf.report.marks import mark, mark_rules
from dcrf.report.method import Described, method_section
from dcrf.report.projections import project
from dcrf.report.saved_files import Curves, SavedFiles
from dcrf.report.settings import differing, settings_since_earlier_run
from dcrf.report.several_runs import overview
from dcrf.reporting.blocks import Columns, Paragraph
from dcrf.reporting.records import DatasetRecord, Outcome, PhaseRecord
from dcrf.runs.saved_scores import SavedRun
from dcrf.storage.atomic_files import write_json
from tests.cases.methods import method

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
    text = confusion_matrix(confusion([(0, 1, 50), (1, 0, 40), (1, 1, 5), (1, -1, 2)]))

    assert text.index("<th>class</th>") < text.index(">1</th>") < text.index(">0</th>")
    assert text.count('class="match"') == 2
    assert "noise" in text


def test_a_large_confusion_matrix_is_left_out():
    assert "too large" in confusion_matrix(confusion([(i, i, 1) for i in range(61)]))


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

    text = clusters_section(run, lambda *_: Drawn())
    with_images = clusters_section(run, lambda *a: Drawn(images=dict.fromkeys(a[2], "data:x")))
    with_rows = clusters_section(run, lambda *a: Drawn(rows=dict.fromkeys(a[2], "<width> 2")))

    assert "&lt;width&gt; -1.2 sd (2.5; all 3)" in text
    assert "&lt;b&gt;" in text
    assert '<img src="data:x"' in with_images
    assert "<b>&lt;b&gt;</b> &lt;width&gt; 2" in with_rows
    assert not run.problems


SAMPLES = "sample,label\n0,7\n2,5\n3,7\n"
CLUSTERS = "sample,cluster\n0,1\n1,0\n2,0\n3,-1\n"


@pytest.fixture
def with_moments(tmp_path):
    """A run that has kept three of four samples at the moments of a phase."""
    written(tmp_path, "clusters", CLUSTERS)
    moments = tmp_path / "moments/points"
    moments.mkdir(parents=True)
    (moments / "samples.csv").write_text(SAMPLES)
    for name in ("samples", "training-10", "training-100", "training-1000", "training-end"):
        np.save(moments / f"{name}.npy", np.eye(3, 4, dtype=np.float32))
    return run_in(tmp_path, config={"phases": [{"name": "training", "order": 1}]})


def test_samples_are_drawn_at_each_moment_by_cluster_and_by_label(with_moments):
    text = features_section(with_moments)

    captions = ["samples,", "after iteration 10 of", "after iteration 100 of", "after training,"]
    places = [text.index(caption) for caption in captions]
    assert places == sorted(places)
    assert text.count("<svg") == 4  # iteration 1,000 is the end
    assert text.count('name="moment-0"') == 4
    assert text.count('class="cluster-1 label-1"') == 4  # label 7 is matched to cluster 1
    assert text.count('class="cluster-none label-1"') == 4
    assert "principal component 1 (50% of the variance)" in text
    assert not with_moments.problems


def test_few_moments_are_side_by_side(with_moments):
    for file in with_moments.folder.glob("moments/points/training-1*"):
        file.unlink()

    text = features_section(with_moments)

    assert text.count("<svg") == 2
    assert "moment-" not in text


def test_a_run_that_has_stopped_after_a_phase_is_drawn_by_label(with_moments):
    (with_moments.folder / "clusters/points.csv").unlink()
    with_moments.config = {**with_moments.config, "datasets": [{"name": "points"}]}
    with_moments.outcome = replace(with_moments.outcome, status="partial", datasets=())

    text = features_section(with_moments)

    assert 'class="by-label" checked' in text
    assert "by-cluster" not in text


def test_a_run_without_moments_has_no_plots(tmp_path):
    assert not features_section(run_in(tmp_path))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.eye(2), "has the shape (2, 2), not (3, 1 to 8192)"),
        (np.full((3, 2), np.nan), "values that are NaN"),
    ],
)
def test_a_moment_of_other_samples_is_a_problem(with_moments, rows, words):
    np.save(with_moments.folder / "moments/points/training-10.npy", rows)

    assert features_section(with_moments).count("<svg") == 3
    assert words in with_moments.problems[0]


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (7, 3), (3, 9)])
def test_points_of_any_shape_have_places(shape):
    rows = np.random.default_rng(0).normal(size=shape)
    groups = Groups("cluster", np.arange(shape[0]), dict.fromkeys(range(shape[0]), 0))

    places, axes = project(rows, "pca", None)

    assert places.shape == (shape[0], 2)
    assert "nan" not in scatter(places, [groups], axes)


def test_principal_components_keep_the_sides_of_the_moment_before():
    rows = np.random.default_rng(0).normal(size=(20, 3)) * (3, 2, 1)
    before, _ = project(rows, "pca", None)

    after, _ = project(-rows, "pca", before)

    np.testing.assert_allclose(after, -project(-rows, "pca", -before)[0])
    assert ((after * before).sum(axis=0) > 0).all()


@pytest.mark.parametrize(
    "projection",
    ["t_sne", pytest.param("umap", marks=pytest.mark.slow)],  # it compiles for 20 s
)
def test_neighbors_stay_together(projection):
    if projection == "umap":
        pytest.importorskip("umap")
    rows = np.random.default_rng(0).normal(size=(60, 5)) + 30 * (np.arange(60) % 2)[:, np.newaxis]

    places, axes = project(rows, projection, None)

    assert not axes.has_scale
    first, second = places[::2], places[1::2]
    spread = max(part.std(axis=0).max() for part in (first, second))
    assert np.linalg.norm(first.mean(axis=0) - second.mean(axis=0)) > 3 * spread


def test_twenty_clusters_have_different_marks():
    rules = mark_rules().splitlines()

    own = {rule.split("{")[1] for c in range(20) for rule in rules if f".dot-{mark(c)} " in rule}
    assert len(own) == MARKS == 20
    assert mark(20) == mark(0)


def test_ticks_are_round_numbers_within_the_frame():
    drawing = scatter(np.array([[-3.1, 0.0], [4.2, 1.0]]), [], Axes(("a", "<b>")))

    assert all(f">{number}</text>" in drawing for number in ("-2", "0", "2", "4", "&lt;b&gt;"))


def test_the_method_is_described_with_its_configuration():
    paragraphs = [Paragraph("mappings"), Columns([["Linear <a>", "5", "30"]], 4, "lrr")]
    config = load_checked(method())
    facts = {
        "encoder": MappingFacts((1, 8, 8), (5,), 1234),
        "decoder": MappingFacts((5,), None, 0),
    }

    text = method_section(run_in(config={"name": "<i>"}), Described(config, facts, paragraphs))

    assert "Linear &lt;a&gt;" in text
    assert "&lt;i&gt;" in text
    for words in ("1 x 8 x 8", "1,234 parameters", "until 4 iterations", "Adam trains encoder"):
        assert words in text
    assert '<a href="#part-target_distribution">' in text
    assert "sum_j p_ij log(p_ij / q_ij)" in text
    assert 'href="https://arxiv.org/abs/1511.06335"' in text


def test_a_method_that_cannot_be_built_has_its_configuration():
    assert "&lt;i&gt;" in method_section(run_in(config={"name": "<i>"}), None)


def test_addresses_are_links():
    assert linked("<a>, https://x.org/a.b, c.") == (
        '&lt;a&gt;, <a href="https://x.org/a.b" rel="noreferrer">https://x.org/a.b</a>, c.'
    )


def test_time_and_environment_are_shown():
    text = time_and_machine_section(
        run_in(timing={"opening": 1.0, "training": 3.0}, environment={"packages": {"torch": "2"}})
    )

    assert 'value="0.7500"' in text
    assert "torch" in text


def test_runs_of_a_method_have_curves_of_one_color():
    own = [("a", "x"), ("a", "x"), ("a", "y"), ("<b>", "x")]
    scores = {("points", "training"): {"acc": [(1, 0.1), (2, 0.2)]}}
    runs = [run_in(Path(f"runs/{n}"), curves=Curves({}, scores)) for n in range(4)]
    saved = [
        SavedRun(run.folder, name, settings, None, None, {}, True, run.outcome, "ok")
        for run, (name, settings) in zip(runs, own, strict=True)
    ]

    text = overview(saved, runs, 4)

    curves = [COLORS[0]] * 2 + [COLORS[1], COLORS[2]]
    assert re.findall(r'<polyline [^>]*stroke="([^"]+)"', text) == curves
    assert all(name in text for name in ("</i>a (2)<", "</i>&lt;b&gt;<"))


def test_settings_that_differ_are_found_by_name():
    first = {"seed": 1, "phases": [{"name": "a", "lr": 1}, {"name": "b", "lr": 1}], "x": [1]}
    second = {"seed": 2, "phases": [{"name": "b", "lr": 2}], "x": [1]}

    rows = list(differing([first, second]))

    assert rows == [["phases[a]", '{"name": "a", "lr": 1}', "-"], ["phases[b].lr", "1", "2"]]


def test_a_run_is_compared_with_the_newest_earlier_one_of_other_settings(tmp_path):
    rates = {"2026-01-01T00-00-00-0": 1, "2026-01-02T00-00-00-0": 2, "2026-01-03T00-00-00-0": 3}
    rates |= {"2026-01-04T00-00-00-1": 3, "2026-01-05T00-00-00-0": 4, "notes": 5}
    for name, rate in rates.items():
        write_json(tmp_path / name / "config.json", {"name": "a", "lr": rate})
    run = SavedFiles(tmp_path / "2026-01-04T00-00-00-1", {"name": "b", "lr": 3})

    text = settings_since_earlier_run(run)

    assert re.findall(r"<t[hd][^>]*>([^<]+)", text) == [
        *("setting", "2026-01-02T00-00-00-0", "this run"),
        *("lr", "2", "3"),
    ]
    first = SavedFiles(tmp_path / "2026-01-01T00-00-00-0", {"name": "a", "lr": 1})
    assert settings_since_earlier_run(first) == ""


def test_methods_with_settings_of_their_own_for_each_data_set_have_a_column_each():
    configs = {"1": {"lr": 1, "size": 2}, "2": {"lr": 2, "size": 2}}
    data = {"1": {"usps": "x"}, "2": {"mnist": "y"}}
    runs = [SavedFiles(Path(f"runs/a/{number}"), config) for number, config in configs.items()]
    saved = [
        SavedRun(run.folder, "a", number, "1.0", "c", data[number], True, None, "ok")
        for run, number in zip(runs, configs, strict=True)
    ]

    text = overview(saved, runs, 0)

    assert re.findall(r"<t[hd][^>]*>([^<]+)", text.split("Settings that differ")[1]) == [
        *("setting", "a", "a (2)"),
        *("lr", "1", "2"),
    ]


def test_text_is_escaped_once_and_without_control_characters():
    assert shown(shown("<\x1b>")) == "&lt;\\x1b&gt;"
    assert "<td>&lt;b&gt;</td>" in table(["a"], [["<b>"]])
