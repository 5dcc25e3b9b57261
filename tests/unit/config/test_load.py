import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcrf.config import load_checked, with_places
from dcrf.config.defaults import filled
from dcrf.config.method_config import CycleStep, FeaturesConfig
from dcrf.errors import ConfigError, Problem
from tests.unit.config.methods import classifying, dec, load, write

PHRASE = "training_feature_extractor_through_reconstruction_of_samples"


def gaussian():
    method = dec()
    method["cluster_assignment_strategy"] |= {
        "similarity_measure": "gaussian",
        "gaussian_similarity_measure_inverse_temperature": {"fixed_value": 2},
        "centroid_initialization_strategy": "load_from_file",
        "centroid_file_path": "old/centroids.pth",
        "centroid_recalculation_strategy": "classical_clustering",
        "centroid_recalculation_interval": 1e2,
    }
    return method


def adversarial(rival):
    method = dec()
    method["mappings"].append({"type": "design_pattern_specific", "name": rival, "layers": []})
    method["phases"][0]["design_patterns"] = [
        {
            "pattern": "adversarial_interpolation",
            "encoder_name": "encoder",
            "decoder_name": "decoder",
            "autoencoder_loss_optimizer_group_name": "default",
            f"{rival}_name": rival,
            f"{rival}_loss_optimizer_group_name": "rival",
        }
    ]
    return method


METHODS = {
    "dec": dec(),
    "classifying": classifying(),
    "gaussian": gaussian(),
    "critic": adversarial("critic"),
    "discriminator": adversarial("discriminator"),
    "old": {**dec(), "training_device": "cpu"},
}


@pytest.mark.parametrize("name", METHODS)
def test_the_filled_method_loads_again_to_the_same_configuration(tmp_path, name):
    first = load(tmp_path, METHODS[name])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    second = load(elsewhere, first.filled)

    same = {key: getattr(first, key) for key in ("source", "notes", "warnings")}
    assert replace(second, **same) == first
    assert [w.path for w in second.warnings] == [w.path for w in first.warnings]


@pytest.mark.parametrize("name", METHODS)
def test_filling_leaves_the_given_data_alone(tmp_path, name):
    data = deepcopy(METHODS[name])

    filled(data, tmp_path)

    assert data == METHODS[name]


def test_defaults_are_filled_everywhere(tmp_path):
    config = load(tmp_path, dec())

    assert (config.device, config.seed, config.precision) == ("cuda_if_available", None, "fp32")
    pattern = config.phases[0].design_patterns[0]
    assert pattern.loss_report_interval == 500
    assert pattern.weights == {"*": 1.0}
    assert pattern.groups == {"*": "default"}
    assert pattern.views == {"samples": "flipped"}
    assert pattern.options == {
        "encoder_name": "encoder",
        "decoder_name": "decoder",
        "reconstruction_target": "view",
        "error": "squared",
        "loss_reduction_method": "mean_across_samples",
    }
    data = config.datasets[0]
    assert (data.name, data.phases) == ("load_digits", ("pretraining", "finetuning"))
    assert (data.drop_last, data.transforms, data.options) == (True, None, {})
    assert data.sampling == {"type": "in_order"}
    assert config.phases[1].schedulers[0].step == "epoch"
    assert config.phases[1].optimizers[0].options == {"lr": 0.01}
    assert config.phases[1].optimizer_cycle == (CycleStep(("main",), 5),)


def test_centroids_have_their_own_configuration(tmp_path):
    config = load(tmp_path, gaussian())

    part = config.parts["centroids"]
    assert (part.path, part.phases) == ("$.cluster_assignment_strategy", ("finetuning",))
    assert part.files == {
        "$.cluster_assignment_strategy.centroid_file_path": tmp_path / "old" / "centroids.pth"
    }
    assert part.options["centroid_recalculation_interval"] == 100
    assert config.features == FeaturesConfig("$.cluster_assignment_strategy", "encoder")
    assert config.strategy.stem == "feature_representation_centroid_similarity"
    assert config.strategy.options == {
        "similarity_measure": "gaussian",
        "gaussian_similarity_measure_inverse_temperature": {
            "fixed_value": 2,
            "schedule": "constant",
        },
    }
    assert not load(tmp_path, classifying()).parts


def test_centroids_are_used_in_all_phases_by_default(tmp_path):
    method = dec()
    del method["cluster_assignment_strategy"]["use_centroids_during_phases"]

    config = load(tmp_path, method)

    assert config.parts["centroids"].phases == ("pretraining", "finetuning")


def test_weights_and_groups_go_by_loss(tmp_path):
    (pattern,) = load(tmp_path, adversarial("discriminator")).phases[0].design_patterns

    assert pattern.weights.items() >= {"autoencoder": 1.0, "discriminator": 1.0}.items()
    assert pattern.groups == {"autoencoder": "default", "discriminator": "rival"}
    assert "discriminator_loss_weight" not in pattern.options


def test_patterns_are_called_by_their_stem_and_a_number(tmp_path):
    method = dec()
    entry = method["phases"][0]["design_patterns"][0]
    others = [{"name": "reconstruction_2"}, {}, {"pattern": PHRASE, "enabled": False}, {}]
    method["phases"][0]["design_patterns"] += [entry | change for change in others]

    config = load(tmp_path, method)

    assert [p.name for p in config.phases[0].design_patterns] == [
        "reconstruction",
        "reconstruction_2",
        "reconstruction_3",
        "reconstruction_5",
    ]
    assert len(config.filled["phases"][0]["design_patterns"]) == 5


def test_a_phrase_leads_to_the_stem(tmp_path):
    method = dec()
    method["phases"][0]["design_patterns"][0]["pattern"] = PHRASE

    assert load(tmp_path, method).phases[0].design_patterns[0].stem == "reconstruction"


def test_phases_and_data_sets_are_sorted_and_ties_stay(tmp_path):
    method = dec()
    first, second = method["phases"]
    method["phases"] = [
        second,
        first,
        first | {"name": "again"},
        first | {"name": "first", "order": -0.5},
        first | {"name": "never", "enabled": False},
    ]
    method["datasets"] = [
        method["datasets"][0] | {"name": name, "order": order}
        for name, order in (("c", 2), ("a", 1), ("b", 1))
    ]

    config = load(tmp_path, method)

    assert [p.name for p in config.phases] == ["first", "pretraining", "again", "finetuning"]
    assert config.phases[0].path == "$.phases[3]"
    assert [d.name for d in config.datasets] == ["a", "b", "c"]
    assert config.datasets[0].phases == ("first", "pretraining", "again", "finetuning")


def test_paths_start_at_the_folder_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner", dec())
    monkeypatch.chdir(tmp_path)

    config = load_checked(Path("inner/method.json"))

    assert config.phases[0].saves[0].target == tmp_path / "inner" / "parameters"
    assert config.phases[1].saves[0].target == tmp_path / "inner" / "centroids.pth"
    assert config.phases[1].saves[0].part == "centroids"
    assert config.phases[1].saves[0].interval == 5


def test_whole_numbers_become_integers_where_the_schema_means_them(tmp_path):
    method = dec()
    method["phases"][0]["exit_criteria"]["iterations"] = 5e4
    method["datasets"][0]["batch_size"] = 256.0

    config = load(tmp_path, method)

    for number in (config.phases[0].exit_criteria["iterations"], config.datasets[0].batch_size):
        assert isinstance(number, int)


def test_reading_files_needs_no_torch():
    code = "import dcrf.config, sys; sys.exit('torch' in sys.modules)"

    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_only_the_rival_that_is_there_has_weights(tmp_path):
    for rival, other in (("critic", "discriminator"), ("discriminator", "critic")):
        (pattern,) = load(tmp_path, adversarial(rival)).phases[0].design_patterns

        assert pattern.weights == {"autoencoder": 1.0, rival: 1.0}
        assert ("critic_regularizing_hyperparameter" in pattern.options) == (other != "critic")


LATE = [Problem("$.phases[1].optimizers[0]", "late"), Problem("$.mappings[1].layers[0]", "later")]


def test_problems_found_after_loading_get_their_places(tmp_path):
    file = write(tmp_path, dec())

    placed = with_places(file, LATE)

    assert [p.found for p in placed] == ["later", "late"]
    lines = file.read_text().splitlines()
    for found in placed:
        assert lines[found.line - 1][found.column - 1] == "{"
    assert with_places(str(file), placed) == placed


def test_places_are_those_of_older_keys(tmp_path):
    file = write(tmp_path, {**dec(), "training_device": "cpux"})

    (placed,) = with_places(file, [Problem("$.device", "no such device")])

    assert placed.path == "$.training_device"
    assert "cpux" in file.read_text().splitlines()[placed.line - 1]


def test_what_the_command_line_set_has_no_place(tmp_path):
    file = write(tmp_path, dec())

    assert with_places(file, LATE[:1], ["phases[1].optimizers=[]"])[0].line == 0


def test_problems_of_a_file_that_is_gone_stay_as_they_are(tmp_path):
    assert with_places(tmp_path / "gone.json", LATE) == LATE


def test_a_dict_loads_as_the_same_method_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    method = dec()
    from_file = load(tmp_path, method)
    method["datasets"] = tuple(method["datasets"])
    method["phases"][1]["save_centroids"]["path_to_file_or_dir"] = Path("centroids.pth")
    method["datasets"][0]["batch_size"] = np.int64(16)
    untouched = deepcopy(method)

    from_dict = load_checked(method)

    assert from_dict == replace(from_file, source=Path("<dict>"))
    assert from_dict.phases[1].saves[0].target == tmp_path / "centroids.pth"
    assert method == untouched


def test_problems_of_a_dict_have_paths_but_no_lines():
    with pytest.raises(ConfigError) as caught:
        load_checked(dec() | {"seed": 1.5}, ["datasets[0].batch_size=0"])

    assert str(caught.value).startswith("<dict> has 2 problems\n<dict>: $.seed: 1.5 is not")
    assert {(p.path, p.line) for p in caught.value.problems} == {
        ("$.seed", 0),
        ("$.datasets[0].batch_size", 0),
    }


CYCLIC: dict = {}
CYCLIC["layers"] = [CYCLIC]


@pytest.mark.parametrize(
    ("changes", "path", "found"),
    [
        ({"seed": float("nan")}, "$.seed", "NaN is not a JSON number"),
        ({"seed": {1, 2}}, "$.seed", "a value of type set is not JSON"),
        ({"mappings": [np.zeros(2)]}, "$.mappings[0]", "a value of type ndarray is not JSON"),
        ({"mappings": [{1: 2}]}, "$.mappings[0]", "the key 1 is not a string"),
        ({"mappings": CYCLIC}, "$.mappings.layers[0]", "an object inside itself"),
    ],
)
def test_a_dict_with_values_that_json_lacks_is_refused(changes, path, found):
    with pytest.raises(ConfigError) as caught:
        load_checked(dec() | changes)

    (problem,) = caught.value.problems
    assert problem.path.startswith(path)
    assert found in problem.found
    assert problem.line == 0


def test_the_device_of_the_command_line_replaces_the_methods(tmp_path):
    file = write(tmp_path, {**dec(), "training_device": "cuda"})

    config = load_checked(file, ["device=cuda:1"], device="cpu")

    assert (config.device, config.filled["device"], config.notes) == ("cpu", "cpu", ())
    with pytest.raises(ConfigError, match=r"\$.device: the text is empty \(given by --device\)"):
        load_checked(file, device="")
