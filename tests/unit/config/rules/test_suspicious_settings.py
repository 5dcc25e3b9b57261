from copy import deepcopy

import pytest

from dcrf.config import load_checked
from dcrf.config.rules import suspicious_settings
from dcrf.errors import ConfigError
from dcrf.schema.registry import DESIGN_PATTERNS
from tests.cases.methods import method as tiny
from tests.cases.tiny import ENTRIES, World
from tests.unit.config.methods import REINFORCEMENT, classifying, dec, load, write

GROUP = "$.phases[1].design_patterns[0].loss_optimizer_group_name"


def warnings(folder, method):
    return list(load(folder, method).warnings)


def warning(folder, method):
    (only,) = warnings(folder, method)
    assert only.line > 0
    assert only.remedy
    return only


@pytest.mark.parametrize("method", [dec, classifying, tiny])
def test_a_sensible_method_has_no_warnings(tmp_path, method):
    assert warnings(tmp_path, method()) == []


def test_a_loss_without_an_optimizer(tmp_path):
    method = dec()
    entropy = {"pattern": "assignment_entropy", "loss_optimizer_group_name": "defualt"}
    method["phases"][1]["design_patterns"].append(entropy)

    found = warning(tmp_path, method)

    assert found.path == "$.phases[1].design_patterns[1].loss_optimizer_group_name"
    assert found.found == "no optimizer has group 'defualt': the loss is reported, not minimized"
    assert found.remedy == "did you mean 'default'?"


def test_an_optimizer_without_a_loss(tmp_path):
    method = dec()
    method["phases"][1]["optimizers"][0]["group_name"] = "mine"

    assert [(w.path, w.found.partition(":")[0]) for w in warnings(tmp_path, method)] == [
        (GROUP, "no optimizer has group 'default'"),
        ("$.phases[1].optimizers[0].group_name", "no loss has group 'mine'"),
    ]


def test_a_phase_with_losses_and_without_optimizers(tmp_path):
    method = dec()
    del method["phases"][0]["optimizers"]
    method["phases"][0]["load_mapping_parameters"] = []

    found = warning(tmp_path, method)

    assert found.path == "$.phases[0]"
    assert "trains nothing" in found.found
    method["phases"][0]["design_patterns"] = []  # it may exist for its evaluation
    assert warnings(tmp_path, method) == []


def test_a_mapping_in_no_optimizer(tmp_path):
    method = dec()
    method["phases"][0]["optimizers"][0]["trained_mapping_names"] = ["encoder"]

    found = warning(tmp_path, method)

    assert found.path == "$.mappings[1]"
    assert "'reconstruction' uses 'decoder'" in found.found


def test_a_mapping_with_loaded_parameters_needs_no_optimizer(tmp_path):
    method = dec()
    method["phases"][0]["optimizers"][0]["trained_mapping_names"] = ["encoder"]
    load_decoder = {"mapping_name": "decoder", "path_to_file": "decoder.pth"}
    method["phases"][0]["load_mapping_parameters"] = [load_decoder]

    assert warnings(tmp_path, method) == []


def test_a_mapping_without_parameters_needs_no_optimizer(tmp_path):
    method = dec()
    method["phases"][0]["optimizers"][0]["trained_mapping_names"] = ["encoder"]
    method["mappings"][1]["layers"] = [{"type": "Flatten"}, {"type": "ReLU"}]

    assert warnings(tmp_path, method) == []


def test_an_optimizer_of_a_mapping_that_no_loss_uses(tmp_path):
    method = dec()
    method["phases"][1]["optimizers"][0]["trained_mapping_names"] = ["encoder", "decoder"]

    found = warning(tmp_path, method)

    assert found.path == "$.phases[1].optimizers[0].trained_mapping_names[1]"
    assert "depends on 'decoder'" in found.found


def test_an_optimizer_of_centroids_that_no_loss_uses(tmp_path):
    method = dec()
    reconstruction = method["phases"][0]["design_patterns"]
    method["phases"][1]["design_patterns"] = deepcopy(reconstruction)
    method["phases"][1]["optimizers"][0]["trained_mapping_names"] = ["encoder", "decoder"]

    assert warning(tmp_path, method).path == "$.phases[1].optimizers[0].optimizes_centroids"


def test_a_loss_reaches_what_lies_before_its_mapping(tmp_path):
    method = classifying()
    phase = method["phases"][0]
    phase["design_patterns"] = [{"pattern": "assignment_entropy"}]
    phase["optimizers"][0]["trained_mapping_names"] = ["feature_space_classifier", "encoder"]

    assert warnings(tmp_path, method) == []


def test_a_named_classifier_takes_the_place_of_the_strategy(tmp_path):
    method = dec()
    method["mappings"].append(classifying()["mappings"][-1] | {"name": "classifier"})
    pattern = {"pattern": "assignment_entropy", "classifier_name": "classifier"}
    method["phases"][0]["design_patterns"].append(pattern)
    method["phases"][0]["optimizers"][0]["trained_mapping_names"].append("classifier")

    assert warnings(tmp_path, method) == []

    method["phases"][0]["optimizers"][0]["trained_mapping_names"].pop()
    assert warning(tmp_path, method).path == "$.mappings[2]"


def test_centroids_that_nothing_moves(tmp_path):
    method = dec()
    del method["phases"][1]["optimizers"][0]["optimizes_centroids"]
    path = "$.cluster_assignment_strategy.centroid_recalculation_strategy"

    assert warning(tmp_path, method).path == path

    method["cluster_assignment_strategy"]["centroid_recalculation_strategy"] = "fixed_centroids"
    assert warnings(tmp_path, method) == []


def test_a_pattern_may_move_the_centroids(tmp_path):
    method = dec()
    phase = method["phases"][1]
    del phase["optimizers"][0]["optimizes_centroids"]
    phase["design_patterns"].append({"pattern": "running_mean_centroids"})

    assert warnings(tmp_path, method) == []


def swapped():
    method = dec()
    first, second = method["phases"]
    first["order"], second["order"] = 2, 1
    return method


def test_clusters_before_pretraining(tmp_path):
    found = warning(tmp_path, swapped())

    assert found.path == "$.phases[1].order"
    assert "uses clusters before phase 'pretraining' trains 'encoder'" in found.found


def test_clustering_ahead_of_pretraining(tmp_path):
    key = "classical_clustering_in_feature_space_after_phase"
    method = dec()
    method["cluster_assignment_strategy"] = {"type": key, key: "finetuning"}
    method["phases"][1] = {"name": "finetuning", "order": 0, "exit_criteria": {"iterations": 1}}

    assert warning(tmp_path, method).path == "$.phases[1].order"
    method["phases"][1]["order"] = 2
    assert warnings(tmp_path, method) == []


def test_a_loss_of_hard_assignments_trains_nothing(tmp_path):
    key = "classical_clustering_in_feature_space_after_phase"
    method = dec()
    method["cluster_assignment_strategy"] = {"type": key, key: "pretraining"}
    del method["phases"][1]["save_centroids"]
    del method["phases"][1]["optimizers"][0]["optimizes_centroids"]
    method["phases"][1]["design_patterns"] = [{"pattern": "assignment_entropy"}]

    found = warning(tmp_path, method)

    assert found.path == "$.phases[1].optimizers[0].trained_mapping_names[0]"
    assert found.found.endswith("it never changes; hard assignments have no gradient")


def test_clusters_of_loaded_parameters_need_no_pretraining(tmp_path):
    method = swapped()
    load_encoder = {"mapping_name": "encoder", "path_to_file": "encoder.pth"}
    method["phases"][1]["load_mapping_parameters"] = [load_encoder]

    assert warnings(tmp_path, method) == []


def test_clusters_of_a_kept_mapping_need_no_pretraining(tmp_path):
    method = swapped()
    first = method["datasets"][0] | {"name": "first", "order": 1, "phases": ["pretraining"]}
    second = method["datasets"][0] | {"name": "second", "order": 2}
    method["datasets"] = [first, second | {"reinitialize_mappings": False}]

    assert warnings(tmp_path, method) == []
    method["datasets"][1]["reinitialize_mappings"] = True
    assert warning(tmp_path, method).path == "$.phases[1].order"


def test_one_phase_that_reconstructs_and_clusters_is_no_mistake(tmp_path):
    method = dec()
    method["phases"][1]["design_patterns"] += method["phases"][0]["design_patterns"]
    method["phases"][1]["optimizers"][0]["trained_mapping_names"] = ["encoder", "decoder"]
    del method["phases"][0]

    assert warnings(tmp_path, method) == []


def test_a_negative_weight(tmp_path):
    method = dec()
    method["phases"][1]["design_patterns"][0]["loss_weight"] = -0.5

    found = warning(tmp_path, method)

    assert found.path == "$.phases[1].design_patterns[0].loss_weight"
    assert found.found == "the weight -0.5 is negative: training maximizes the loss"


def test_the_lowest_of_losses_whose_weight_changes(tmp_path):
    method = dec()
    phase = method["phases"][1]
    schedule = {"schedule": "linear", "from": 0.1, "to": 1, "end_iteration": 1}
    phase["design_patterns"][0]["loss_weight"] = schedule
    assert warnings(tmp_path, method) == []

    phase["keep"] = "lowest_loss"
    found = warning(tmp_path, method)

    assert found.path == "$.phases[1].keep"
    assert "$.phases[1].design_patterns[0].loss_weight changes" in found.found


def test_one_cluster(tmp_path):
    method = dec()
    method["datasets"][0]["num_clusters"] = 1

    assert warning(tmp_path, method).path == "$.datasets[0].num_clusters"


def test_a_warning_names_the_option_that_set_its_value(tmp_path):
    config = load_checked(write(tmp_path, dec()), ["datasets[0].num_clusters=1"])

    (only,) = config.warnings
    assert only.found.endswith("(given by --set)")
    assert only.line == 0


def test_disabled_entries_warn_of_nothing(tmp_path):
    method = dec()
    negative = {**REINFORCEMENT, "loss_weight": -1, "enabled": False}
    method["phases"][1]["design_patterns"].append(negative)
    method["phases"].append({**swapped()["phases"][1], "name": "off", "enabled": False})
    method["datasets"].append(
        {**method["datasets"][0], "name": "one", "num_clusters": 1, "enabled": False}
    )

    assert warnings(tmp_path, method) == []


def test_an_invalid_method_has_problems_and_no_warnings(tmp_path, monkeypatch):
    monkeypatch.setattr(suspicious_settings, "warnings", lambda _: pytest.fail("looked"))

    with pytest.raises(ConfigError):
        load(tmp_path, dec() | {"seed": 1.5})


def groups_of(keys):
    return {key for key, words in keys.items() if "x-group-of" in words}


def around(entry, trained):
    """A method in which one optimizer trains the parts of one design pattern, if it has losses."""
    keys = DESIGN_PATTERNS.properties(DESIGN_PATTERNS.stems[entry["pattern"]])
    groups = groups_of(keys) & entry.keys()
    layers = [{"type": "Linear", "name": n, "in_features": 3, "out_features": 3} for n in "ab"]
    layers = [
        layer | {"name": name} for layer, name in zip(layers, ("outer", "inner"), strict=True)
    ]
    layers.insert(1, {"type": "Tanh", "name": "activation"})
    roles = {"encoder": "feature_extractor", "classifier": "feature_space_classifier"}
    names = (
        "encoder",
        "decoder",
        "critic",
        "discriminator",
        "head",
        "classifier",
        "spectral_mapping",
    )
    optimizer = {"type": "Adam", "trained_mapping_names": sorted(trained - {"centroids"})}
    strategy = dec()["cluster_assignment_strategy"] | {
        "centroid_recalculation_strategy": "fixed_centroids"
    }
    if "centroids" in trained:
        optimizer["optimizes_centroids"] = True
        strategy["centroid_recalculation_strategy"] = "recalculation_by_design_pattern"
    view = {"name": "noisy", "transforms": []}
    return {
        "name": "around",
        "mappings": [
            {"type": roles.get(n, "design_pattern_specific"), "name": n, "layers": layers}
            | ({"prior_mapping_name": "encoder"} if n == "head" else {})
            for n in names
        ],
        "cluster_assignment_strategy": strategy | {"use_centroids_during_phases": ["p"]},
        "datasets": [
            dec()["datasets"][0]
            | {"batch_augmentations": [view, view | {"name": "shifted"}], "side_targets": "labels"}
        ],
        "phases": [
            {
                "name": "p",
                "order": 1,
                "exit_criteria": {"iterations": 10},
                "design_patterns": [entry | dict.fromkeys(groups, "default")],
                "optimizers": [optimizer] if groups_of(keys) else [],
            }
        ],
    }  # fmt: skip


def fits_around(entry):
    """Whether a pattern needs no strategy, mapping, view or data that `around` has not."""
    keys = DESIGN_PATTERNS.properties(DESIGN_PATTERNS.stems[entry["pattern"]])
    schema = DESIGN_PATTERNS.schemas[DESIGN_PATTERNS.stems[entry["pattern"]]]
    named = {entry[key] for key, words in keys.items() if "x-refers-to" in words and key in entry}
    others = {"sigmoid_encoder", "log_variance", "bounded"}
    on_samples = schema.get("x-batch") != "problems"
    return on_samples and "x-strategies" not in schema and not named & others


@pytest.mark.parametrize("name", [name for name in ENTRIES if fits_around(ENTRIES[name])])
def test_every_design_pattern_trains_without_warnings(name):
    world = World(ENTRIES[name])
    trained = world.trained_names()
    if "classifier_name" in world.entry:  # in place of the strategy and its centroids
        trained -= {"centroids"}

    assert load_checked(around(world.entry, trained)).warnings == ()
