"""Methods that learn to cluster, from file to results."""

import csv
from pathlib import Path

import pytest
import torch

from dcrf.builder.method import build_method
from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from dcrf.randomness import RandomStreams
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from dcrf.storage.parameter_files import read_tensor
from tests.cases.methods import records, result, written
from tests.cases.set_methods import DIGITS, ON_DIGITS, SHAPES, UNSEEN, set_method


def run(tmp_path, content, name="runs"):
    file = Path(written(tmp_path, content))
    outcome = run_method(load_checked(file), 0, Output(tmp_path / name))
    assert outcome.status == "ok", outcome.error
    (folder,) = (tmp_path / name).glob("*/*")
    return outcome, folder


def longer(content, iterations=60):
    content["phases"][0]["exit_criteria"] = {"iterations": iterations}
    return content


@pytest.mark.slow
def test_a_network_learns_to_cluster_points(tmp_path):
    first, _ = run(tmp_path, set_method(), "short")
    second, _ = run(tmp_path, longer(set_method(), 150), "long")

    ari = [outcome.datasets[0].evaluation["ari"] for outcome in (first, second)]
    assert ari[1] > ari[0] + 0.2


def test_a_network_learns_to_cluster_images_of_unseen_classes(tmp_path):
    unseen = {**DIGITS, "name": "unseen", "order": 1, "phases": [], "reinitialize_mappings": False}
    unseen["class_problems"] = {**DIGITS["class_problems"], "classes": [5, 6, 7, 8]}
    content = longer(set_method(*ON_DIGITS, datasets=[DIGITS, unseen]), 150)
    content["metrics"] = ["correct_count", "misclassification_rate"]

    outcome, folder = run(tmp_path, content)

    evaluation = outcome.datasets[1].evaluation
    assert outcome.label_informed
    assert evaluation["nmi"] > 0.2
    assert evaluation["deviations"]["nmi"] > 0
    assert evaluation["misclassification_rate"] == pytest.approx(1 - evaluation["acc"])
    assert result(folder)["datasets"][1]["evaluation"]["n_samples"] == 20


def test_clusters_are_saved_object_by_object(tmp_path):
    _, folder = run(tmp_path, set_method(datasets=[{**SHAPES, "num_objects": [6, 12]}]))

    rows = list(csv.DictReader((folder / "clusters/shapes.csv").read_text().splitlines()))
    sizes = {}
    for row in rows:
        sizes[row["problem"]] = sizes.get(row["problem"], 0) + 1
    assert len(sizes) == 20
    assert 6 <= min(sizes.values()) < max(sizes.values()) <= 12
    assert {row["cluster"] for row in rows} <= {"0", "1", "2"}


def test_the_best_parameters_on_unseen_problems_are_kept(tmp_path):
    content = longer(set_method(datasets=[SHAPES, UNSEEN]), 20)
    content["phases"][0]["validation"] = {"dataset": "unseen", "interval": 4}

    outcome, folder = run(tmp_path, content)

    validations = [r for r in records(folder) if r["kind"] == "validation"]
    assert [r["iteration"] for r in validations] == [4, 8, 12, 16, 20]
    best = max(r["evaluation"]["nmi"] for r in validations)
    assert outcome.datasets[1].evaluation["nmi"] == pytest.approx(best)


def test_pictures_come_at_intervals_and_at_the_end_and_change_nothing(tmp_path):
    content = longer(set_method(datasets=[SHAPES, UNSEEN]), 10)
    _, plain = run(tmp_path, content, "plain")
    content["phases"][0]["problem_pictures"] = [
        {"dataset": "unseen", "interval": 4, "num_problems": 3},
        {"dataset": "shapes"},
    ]

    _, folder = run(tmp_path, content, "pictured")

    pages = {str(f.parent.relative_to(folder)) for f in folder.glob("pictures/*/*/index.html")}
    assert pages == {
        *(f"pictures/unseen/training_{moment}" for moment in ("it_4", "it_8", "end")),
        "pictures/shapes/training_end",
    }
    scores = folder / "pictures/shapes/training_end/scores.csv"
    assert len(scores.read_text().splitlines()) == 1 + 20 * 3  # all problems, every number
    for name in ("metrics.jsonl", "parameters/sets_unseen_index.safetensors"):
        assert (folder / name).read_bytes() == (plain / name).read_bytes()


def test_the_last_pictures_show_the_clusters_of_the_final_evaluation(tmp_path):
    content = longer(set_method(datasets=[SHAPES]), 4)
    content["phases"][0]["problem_pictures"] = [{"dataset": "shapes", "num_problems": 5}]

    _, folder = run(tmp_path, content)

    tables = ("pictures/shapes/training_end/objects.csv", "clusters/shapes.csv")
    shown, final = (csv.DictReader((folder / t).read_text().splitlines()) for t in tables)
    expected = [row["cluster"] for row in final if int(row["problem"]) < 5]
    assert [row["cluster"] for row in shown] == expected


def test_patience_ends_the_phase(tmp_path):
    content = longer(set_method(datasets=[SHAPES, UNSEEN]), 50)
    content["phases"][0]["optimizers"][0]["lr"] = 0.0
    content["phases"][0]["validation"] = {
        "dataset": "unseen",
        "interval": 2,
        "patience_iterations": 6,
    }

    outcome, _ = run(tmp_path, content)

    assert outcome.phases[0].iteration == 8
    assert "on unseen has not improved since it 2" in outcome.phases[0].reason


@pytest.mark.parametrize(
    ("mapping", "width", "message"),
    [("count", 4, "num_clusters, 3"), ("index", 5, "1 + 2 + ... + num_clusters, 6")],
)
def test_widths_that_do_not_fit_are_found_before_training(tmp_path, mapping, width, message):
    content = set_method()
    (entry,) = (m for m in content["mappings"] if m["name"] == mapping)
    entry["layers"][-1]["out_features"] = width

    with pytest.raises(ConfigError) as raised:
        check(load_checked(Path(written(tmp_path, content))))

    assert any(message in str(p) for p in raised.value.problems)


@pytest.mark.parametrize(
    ("dataset", "path", "words"),
    [
        ({**SHAPES, "num_objects": 2}, "$.datasets[0]", "num_clusters need 3 objects"),
        ({**SHAPES, "min_clusters": 4}, "$.datasets[0]", "the greatest number is 3"),
        ({**SHAPES, "batch_size": 21}, "$.datasets[0].batch_size", "20 samples are fewer"),
        (
            {**DIGITS, "class_problems": {**DIGITS["class_problems"], "num_objects": 5}},
            "$.datasets[0].class_problems.num_objects",
            "num_clusters need 6 objects",
        ),
    ],
)
def test_numbers_that_do_not_go_together_are_found_before_training(tmp_path, dataset, path, words):
    layers = ON_DIGITS if "class_problems" in dataset else ()
    content = set_method(*layers, datasets=[dataset])

    with pytest.raises(ConfigError) as raised:
        check(load_checked(Path(written(tmp_path, content))))

    assert [p.path for p in raised.value.problems] == [path]
    assert words in raised.value.problems[0].found


def test_order_free_networks_give_permuted_objects_permuted_clusters():
    method = build_method(load_checked(set_method()), 3, RandomStreams(0), read_tensor).eval()
    sets = torch.randn(4, 12, 2, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))

    assert torch.equal(
        method.assignment.clusters(sets[:, order]), method.assignment.clusters(sets)[:, order]
    )
