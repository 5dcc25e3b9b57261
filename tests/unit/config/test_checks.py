import numpy as np
import pytest

from tests.unit.config.methods import classifying, dec, load, problem, problems

IRIS = {
    "dataset": "load_iris",
    "source": "sklearn",
    "batch_size": 4,
    "num_clusters": 3,
    "phases": ["finetuning"],
}


def test_two_classifiers_of_one_name_are_a_problem(tmp_path):
    method = classifying()
    method["mappings"].append({**method["mappings"][2], "name": "feature_space_classifier"})

    found = problem(tmp_path, method)

    assert found.path == "$.mappings[3].name"
    assert found.found == "another mapping is called 'feature_space_classifier'"


def test_two_mappings_without_names_are_called_alike(tmp_path):
    method = classifying()
    method["mappings"].append({**method["mappings"][2]})

    found = problem(tmp_path, method)

    assert found.path == "$.mappings[3].name"
    assert found.line > 1


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda m: m["phases"][1].update(name="pretraining"), "phase"),
        (lambda m: m["datasets"].append(dict(m["datasets"][0])), "data set"),
        (lambda m: m["mappings"][0]["layers"][3].update(name="hidden"), "layer"),
        (lambda m: m["datasets"][0]["batch_augmentations"].append(
            {"name": "flipped", "transforms": []}), "view"),
        (lambda m: m["phases"][0]["design_patterns"].extend(
            [{"pattern": "assignment_entropy", "name": "reconstruction"},
             {"pattern": "assignment_entropy", "name": "reconstruction"}]), "design pattern"),
    ],
)  # fmt: skip
def test_names_are_unique(tmp_path, change, kind):
    method = dec()
    change(method)

    told = problems(tmp_path, method)
    assert any(p.found.startswith(f"another {kind} is called") for p in told)


def test_what_is_disabled_may_bear_the_same_name(tmp_path):
    method = dec()
    method["datasets"].append(method["datasets"][0] | {"enabled": False})
    method["phases"].append(method["phases"][0] | {"enabled": False})

    assert len(load(tmp_path, method).datasets) == 1


def test_optimizers_may_share_a_name(tmp_path):
    method = dec()
    method["phases"][1]["optimizers"].append(
        {"type": "Adam", "name": "main", "trained_mapping_names": ["decoder"]}
    )

    assert len(load(tmp_path, method).phases[1].optimizers) == 2


def test_mappings_in_a_circle_are_problems(tmp_path):
    method = dec()
    method["mappings"][0]["prior_mapping_name"] = "decoder"
    method["mappings"][1]["prior_mapping_name"] = "encoder"

    found = problems(tmp_path, method)

    assert [p.path for p in found] == [f"$.mappings[{i}].prior_mapping_name" for i in (0, 1)]
    assert "encoder <- decoder <- encoder" in found[0].found


def test_a_mapping_that_only_leads_to_a_circle_is_not_in_it(tmp_path):
    method = classifying()
    method["mappings"][1]["prior_mapping_name"] = "decoder"
    method["mappings"][2]["prior_mapping_name"] = "decoder"

    assert problem(tmp_path, method).path == "$.mappings[1].prior_mapping_name"


@pytest.mark.parametrize(("key", "word"), [("phases", "phase"), ("datasets", "data set")])
def test_something_must_be_enabled(tmp_path, key, word):
    method = dec()
    for entry in method[key]:
        entry["enabled"] = False

    assert (f"$.{key}", f"no {word} is enabled") in {
        (p.path, p.found) for p in problems(tmp_path, method)
    }


def test_the_last_sample_is_not_before_the_first(tmp_path):
    method = dec()
    method["datasets"][0] |= {"index_of_first_sample_to_use": 5, "index_of_last_sample_to_use": 4}

    assert problem(tmp_path, method).path == "$.datasets[0].index_of_last_sample_to_use"


def test_an_optimizer_of_centroids_needs_some(tmp_path):
    method = classifying()
    method["phases"][0]["optimizers"][0]["optimizes_centroids"] = True

    found = problem(tmp_path, method)

    assert found.path == "$.phases[0].optimizers[0].optimizes_centroids"
    assert "no centroids" in found.found


def test_centroids_to_save_must_exist(tmp_path):
    method = classifying()
    method["phases"][0]["save_centroids"] = {"path_to_file_or_dir": "x.pth"}

    assert problem(tmp_path, method).path == "$.phases[0].save_centroids"


def test_fixed_centroids_are_not_optimized(tmp_path):
    method = dec()
    strategy = method["cluster_assignment_strategy"]
    strategy["centroid_recalculation_strategy"] = "fixed_centroids"

    found = problem(tmp_path, method)

    assert (found.path, found.found) == (
        "$.phases[1].optimizers[0].optimizes_centroids",
        "the centroids are fixed",
    )


def test_kept_centroids_are_as_many_as_clusters(tmp_path):
    method = dec()
    method["datasets"].append(IRIS | {"order": 1, "reinitialize_mappings": False})

    assert problem(tmp_path, method).path == "$.datasets[1].num_clusters"

    method["datasets"][1]["reinitialize_mappings"] = True
    assert len(load(tmp_path, method).datasets) == 2


def test_the_classifier_strategy_needs_a_classifier(tmp_path):
    method = classifying()
    del method["mappings"][2]

    assert problem(tmp_path, method).found == "the method has no classifier"


def test_where_the_first_feature_extractor_is_meant_there_must_be_one(tmp_path):
    method = classifying()
    method["mappings"][0]["type"] = "design_pattern_specific"

    found = problem(tmp_path, method)

    assert (found.path, found.found) == ("$.mappings[2]", "the method has no feature extractor")

    method["mappings"][2] |= {"type": "sample_space_classifier"}
    assert load(tmp_path, method).centroids is None


def test_centroids_need_a_feature_extractor(tmp_path):
    method = dec()
    method["mappings"][0]["type"] = "design_pattern_specific"

    assert problem(tmp_path, method).path == "$.cluster_assignment_strategy"


def torchvision(**options):
    method = dec()
    method["datasets"][0] |= {"source": "torchvision", "dataset": "MNIST", **options}
    return method


def test_a_folder_that_is_not_downloaded_must_exist(tmp_path):
    found = problem(tmp_path, torchvision(root="data", train=True))

    assert found.path == "$.datasets[0].root"
    assert f"{tmp_path / 'data'}" in found.found

    load(tmp_path, torchvision(root="data", download=True))
    (tmp_path / "data").mkdir()
    load(tmp_path, torchvision(root="data"))


def test_the_folder_of_a_part_must_exist(tmp_path):
    parts = [{"root": "."}, {"root": "data"}]

    assert problem(tmp_path, torchvision(parts=parts)).path == "$.datasets[0].parts[1].root"


def test_a_file_of_arrays_must_exist(tmp_path):
    method = dec()
    method["datasets"][0] |= {"source": "npz", "path": "arrays.npz"}

    assert problem(tmp_path, method).path == "$.datasets[0].path"

    method["datasets"][0]["enabled"] = False
    method["datasets"].append(IRIS)
    load(tmp_path, method)

    np.savez(tmp_path / "arrays.npz", samples=np.zeros((2, 2)))
    method["datasets"][0]["enabled"] = True
    options = load(tmp_path, method).datasets[0].options
    assert options["path"] == str(tmp_path / "arrays.npz")


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b"])
def test_paths_that_no_system_takes_do_not_exist(tmp_path, path):
    assert any(p.path == "$.datasets[0].root" for p in problems(tmp_path, torchvision(root=path)))
