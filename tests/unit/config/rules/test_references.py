import pytest

from tests.unit.config.methods import classifying, dec, load, problem, problems


def test_an_undeclared_mapping_is_told_with_the_nearest_one(tmp_path):
    method = dec()
    method["phases"][0]["design_patterns"][0]["decoder_name"] = "decodr"

    found = problem(tmp_path, method)

    assert found.path == "$.phases[0].design_patterns[0].decoder_name"
    assert found.found == "no mapping is called 'decodr'"
    assert found.remedy == "did you mean 'decoder'?"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (("mappings", 1, "prior_mapping_name"), "mapping"),
        (("phases", 0, "save_mapping_parameters", 0, "mapping_name"), "mapping"),
        (("phases", 0, "optimizers", 0, "trained_mapping_names", 1), "mapping"),
        (("phases", 1, "optimizer_cycle", 0, "active_optimizer_names", 0), "optimizer"),
        (
            ("phases", 1, "optimizer_learning_rate_schedulers", 0, "optimizer_name"),
            "optimizer",
        ),
        (("phases", 1, "design_patterns", 0, "classifier_name"), "classifier"),
        (
            ("cluster_assignment_strategy", "associated_feature_extractor_name"),
            "feature extractor",
        ),
        (("cluster_assignment_strategy", "use_centroids_during_phases", 0), "phase"),
    ],
)
def test_every_reference_must_be_declared(tmp_path, path, word):
    method = dec()
    holder = method
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = "nowhere"

    found = problem(tmp_path, method)

    assert found.found == f"no {word} is called 'nowhere'"


def test_phases_of_a_data_set_must_be_declared(tmp_path):
    method = dec()
    method["datasets"][0]["phases"] = ["pretraining", "finetunig"]

    found = problem(tmp_path, method)

    assert (found.path, found.remedy) == ("$.datasets[0].phases[1]", "did you mean 'finetuning'?")


def test_a_decoder_is_no_feature_extractor(tmp_path):
    method = dec()
    strategy = method["cluster_assignment_strategy"]
    strategy["associated_feature_extractor_name"] = "decoder"

    assert problem(tmp_path, method).found == "no feature extractor is called 'decoder'"


def test_optimizers_are_looked_up_in_their_own_phase(tmp_path):
    method = dec()
    method["phases"][0]["optimizer_cycle"] = [
        {"active_optimizer_names": ["main"], "num_iterations": 1}
    ]

    found = problem(tmp_path, method)

    assert (found.found, found.remedy) == ("no optimizer is called 'main'", "none is declared")


def test_layers_are_looked_up_in_their_own_mapping(tmp_path):
    method = dec()
    method["mappings"][0]["layer_initialization"][0]["layer_names"] = ["hidden", "out"]

    found = problem(tmp_path, method)

    assert found.path == "$.mappings[0].layer_initialization[0].layer_names[1]"
    assert found.found == "mapping 'encoder' has no layer called 'out'"


def test_a_softmax_layer_must_be_there(tmp_path):
    method = classifying()
    method["mappings"][2]["softmax_layer_name"] = "softmx"

    assert problem(tmp_path, method).remedy == "did you mean 'softmax'?"


def test_layers_of_a_mapping_that_a_pattern_names_are_looked_up_there(tmp_path):
    method = dec()
    method["phases"][0]["design_patterns"][0] = {
        "pattern": "layer_wise_pretraining",
        "encoder_name": "encoder",
        "decoder_name": "decoder",
        "dropout_rate": 0.2,
        "encoder_decoder_layer_pairs": [
            {
                "encoder_layer_names": ["hidden"],
                "decoder_layer_names": ["hidden"],
                "train_for_iterations": 5,
            }
        ],
    }

    found = problem(tmp_path, method)

    assert found.found == "mapping 'decoder' has no layer called 'hidden'"


def test_a_view_must_be_in_every_data_set_on_which_the_pattern_runs(tmp_path):
    method = dec()
    plain = {"dataset": "load_iris", "source": "sklearn", "batch_size": 4, "num_clusters": 10}
    method["datasets"].append(plain)

    found = problem(tmp_path, method)

    assert found.path == "$.phases[0].design_patterns[0].batch_augmentation_name"
    assert found.found == "data set 'load_iris' has no view 'flipped'"


@pytest.mark.parametrize("change", [{"phases": ["finetuning"]}, {"enabled": False}])
def test_a_data_set_on_which_the_pattern_does_not_run_needs_no_view(tmp_path, change):
    method = dec()
    plain = {"dataset": "load_iris", "source": "sklearn", "batch_size": 4, "num_clusters": 10}
    method["datasets"].append(plain | change)

    assert load(tmp_path, method).name == "small dec"


def test_default_names_can_be_referred_to(tmp_path):
    method = classifying()
    method["phases"][0]["optimizers"][0]["trained_mapping_names"] = ["feature_space_classifier"]

    config = load(tmp_path, method)

    assert config.phases[0].optimizers[0].trained_parts == ("feature_space_classifier",)


def test_references_are_checked_beside_schema_problems(tmp_path):
    method = dec()
    method["phases"][0]["order"] = "first"
    method["phases"][0]["design_patterns"][0]["encoder_name"] = "x"

    assert len(problems(tmp_path, method)) == 2


def test_layers_inside_others_can_be_initialized(tmp_path):
    method = dec()
    inner = {"type": "Linear", "name": "inner", "in_features": 8, "out_features": 8}
    method["mappings"][0]["layers"][2]["positional_arguments"].append(inner)
    method["mappings"][0]["layer_initialization"][0]["layer_names"].append("inner")

    assert load(tmp_path, method).mappings[0].layer_initialization[0]["layer_names"][2] == "inner"

    method["mappings"][0]["layer_initialization"][0]["layer_names"][2] = "innr"
    assert problem(tmp_path, method).remedy == "did you mean 'inner'?"
