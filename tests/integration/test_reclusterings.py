"""Clusterings of features after a phase, evaluated beside the method's own assignment."""

import json

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

import dcrf
from dcrf.errors import ConfigError
from tests.cases.methods import digits, method
from tests.unit.config.methods import load

K_MEANS = {"method": "k_means", "num_restarts": 2}
EARLY = {"name": "early k-means", "clustering": K_MEANS, "after_phase": "pretraining"}
LATE = {"name": "late", "clustering": "k_means"}


def records(folder, kind):
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == kind]


def test_each_is_evaluated_after_its_phase_and_saved(run):
    folder = run(method(reclusterings=[EARLY, LATE]), "--seed", "0")

    found = records(folder, "reclustering")
    (record,) = json.loads((folder / "result.json").read_text())["datasets"]
    assert [(r["name"], r["phase"]) for r in found] == [
        ("early k-means", "pretraining"),
        ("late", "finetuning"),
    ]
    assert [other["evaluation"]["acc"] for other in record["reclusterings"]] == [
        other["evaluation"]["acc"] for other in found
    ]
    assert (folder / "parameters" / "tiny_digits_early_k-means.safetensors").is_file()
    assert [file.name for file in (folder / "clusters").iterdir()] == ["digits.csv"]
    assert {file.name for file in (folder / "reclusterings").iterdir()} == {
        "digits_early_k-means.csv",
        "digits_late.csv",
    }


def test_the_method_itself_is_not_changed_by_them(run):
    plain = run(method(), "--seed", "0")
    with_others = run(method(reclusterings=[EARLY, LATE]), "--seed", "0")

    assert records(plain, "losses") == records(with_others, "losses")
    assert records(plain, "evaluation") == records(with_others, "evaluation")


def test_on_pixels_it_is_the_clustering_of_scikit_learn(run):
    pixels = {"type": "feature_extractor", "name": "pixels", "layers": [{"type": "Flatten"}]}
    content = method(reclusterings=[{**LATE, "features": {"mapping_name": "pixels"}}])
    content["mappings"].append(pixels)
    folder = run(content, "--seed", "0")

    (found,) = records(folder, "reclustering")
    table = np.loadtxt(folder / "reclusterings" / "digits_late.csv", delimiter=",", skiprows=1)
    from sklearn.datasets import load_digits  # noqa: PLC0415 - only here

    data = load_digits()
    model = KMeans(10, n_init=20, random_state=0).fit(data.data[:200] / 16)
    inertia = sum(
        ((rows - rows.mean(0)) ** 2).sum()
        for rows in (data.data[:200][table[:, 1] == k] / 16 for k in range(10))
    )
    assert inertia <= 1.02 * model.inertia_
    nmi = normalized_mutual_info_score(data.target[:200], table[:, 1])
    assert found["evaluation"]["nmi"] == pytest.approx(nmi)


def test_the_summary_lists_them_beneath_their_run(run, capsys):
    run(method(reclusterings=[LATE]), "--seed", "0,1")

    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("  late") for line in lines) == 3  # two seeds and their mean


def test_data_sets_are_clustered_after_their_own_last_phases(run):
    both = [digits(order=0, phases=["pretraining"]), digits(order=1, name="others")]
    folder = run(method(datasets=both, reclusterings=[LATE]), "--seed", "0")

    assert [(r["dataset"], r["phase"]) for r in records(folder, "reclustering")] == [
        ("digits", "pretraining"),
        ("others", "finetuning"),
    ]


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"name": "encoder"}, "name", "equals mapping 'encoder'"),
        ({"name": "centroids"}, "name", "equals the part 'centroids'"),
        ({"after_phase": "pretrainin"}, "after_phase", "no phase is called 'pretrainin'"),
        ({"clustering": "k_mean"}, "clustering", "k_mean"),
        ({"features": {"mapping_name": "x"}}, "features.mapping_name", "no mapping is called"),
        (
            {"features": {"mapping_name": "encoder", "layer_names": ["x"]}},
            "features.layer_names[0]",
            "has no layer called 'x'",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, changes, path, words):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, method(reclusterings=[{**LATE, **changes}]))

    (problem,) = caught.value.problems
    assert problem.path == f"$.reclusterings[0].{path}"
    assert words in problem.found


def test_two_of_one_name_are_a_problem(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, method(reclusterings=[LATE, LATE]))

    assert caught.value.problems[0].path == "$.reclusterings[1].name"


def test_too_few_samples_are_found_before_the_run(run, capsys):
    few = digits(num_clusters=10, batch_size=4, index_of_last_sample_to_use=7)
    content = method(datasets=[few], reclusterings=[EARLY])
    content["phases"] = content["phases"][:1]
    content["cluster_assignment_strategy"] = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_in_feature_space_after_phase": "pretraining",
    }
    run(content, code=2)

    assert "8 samples cannot form 10 clusters" in capsys.readouterr().err


def test_one_that_finds_only_noise_does_not_end_the_run(run):
    nothing = {"name": "noise", "clustering": {"method": "dbscan", "eps": 1e-6}}
    folder = run(method(reclusterings=[nothing, LATE]), "--seed", "0")

    assert [r["name"] for r in records(folder, "reclustering")] == ["late"]
    log = (folder / "log.txt").read_text()
    assert "reclustering noise is left out: all 200 samples are noise" in log


def test_python_gets_their_scores():
    result = dcrf.run(method(reclusterings=[EARLY, LATE]), seed=0)

    assert {*result.reclusterings["digits"]} == {"early k-means", "late"}
    assert 0 < result.reclusterings["digits"]["late"]["nmi"] <= 1
