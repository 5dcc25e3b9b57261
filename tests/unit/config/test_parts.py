"""Parts of a method by name: the present and the older spellings mean the same."""

import pytest

from dcrf.errors import ConfigError
from tests.unit.config.methods import dec, load


def problems(tmp_path, method):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, method)
    return [(problem.path, problem.found) for problem in caught.value.problems]


def test_older_and_present_names_of_trained_parts(tmp_path):
    older = load(tmp_path, dec()).phases[1].optimizers[0]
    method = dec()
    optimizer = method["phases"][1]["optimizers"][0]
    optimizer["trained_parts"] = [*optimizer.pop("trained_mapping_names"), "centroids"]
    del optimizer["optimizes_centroids"]

    assert load(tmp_path, method).phases[1].optimizers[0].trained_parts == older.trained_parts
    assert older.trained_parts[-1] == "centroids"


def test_an_unknown_part_is_named_with_those_that_exist(tmp_path):
    method = dec()
    method["phases"][1]["optimizers"][0]["trained_parts"] = ["centroid", "assignment"]

    found = problems(tmp_path, method)

    assert found == [
        ("$.phases[1].optimizers[0].trained_parts[0]", "no part is called 'centroid'"),
        (
            "$.phases[1].optimizers[0].trained_parts[1]",
            "it needs assignment, but the method has no assignment",
        ),
    ]


def test_saves_and_loads_by_part(tmp_path):
    method = dec()
    phase = method["phases"][1]
    phase["save_parameters"] = [{"part_name": "encoder", "path_to_file_or_dir": "parts"}]
    phase["load_parameters"] = [{"part_name": "encoder", "path_to_file": "old.pth"}]
    (tmp_path / "old.pth").touch()

    config = load(tmp_path, method)

    saves = [(save.part, save.suffix) for save in config.phases[1].saves]
    assert saves == [("encoder", ".safetensors"), ("centroids", ".pth")]
    assert [entry.part for entry in config.phases[1].loads] == ["encoder"]


def mixture(**changes):
    method = dec()
    del method["phases"][1]["save_centroids"]
    method["phases"][1]["optimizers"][0]["optimizes_centroids"] = False
    method["phases"][1]["optimizers"][0]["trained_parts"] = ["assignment"]
    method["cluster_assignment_strategy"] = {
        "type": "mixture",
        "use_mixture_during_phases": ["finetuning"],
        **changes,
    }
    return method


def test_a_strategy_of_its_own_parameters_is_a_part(tmp_path):
    config = load(tmp_path, mixture(means={"start": "file", "path": "means.npy"}))

    part = config.parts["assignment"]
    assert part.phases == ("finetuning",)
    assert part.files == {"$.cluster_assignment_strategy.means.path": tmp_path / "means.npy"}
    assert config.phases[1].optimizers[0].trained_parts == ("encoder", "assignment")
    assert not config.warnings


def test_a_part_is_not_trained_before_it_exists(tmp_path):
    method = mixture()
    method["phases"][0]["optimizers"][0]["trained_parts"] = ["assignment"]

    ((path, found),) = problems(tmp_path, method)

    assert path == "$.phases[0].optimizers[0].trained_parts[0]"
    assert "assignment are not initialized before this phase ends" in found


def test_fitted_clusters_exist_after_their_phase(tmp_path):
    method = mixture()
    method["phases"][1]["design_patterns"] = method["phases"][0]["design_patterns"]
    method["cluster_assignment_strategy"] = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_in_feature_space_after_phase": "finetuning",
    }

    ((path, found),) = problems(tmp_path, method)

    assert path == "$.phases[1].optimizers[0].trained_parts[0]"
    assert "it exists only after phase 'finetuning'" in found
