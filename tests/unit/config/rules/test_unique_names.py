import pytest

from tests.unit.config.methods import classifying, dec, load, problem, problems


def add_mapping(method, name):
    method["mappings"].append({"type": "design_pattern_specific", "name": name, "layers": []})
    return method


def add_dataset(method, name):
    method["datasets"].append(method["datasets"][0] | {"name": name})
    return method


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("en coder", "mapping 'en_coder'"),
        ("centroids", "the part 'centroids'"),
        ("assignment", "the part 'assignment'"),
        ("dec?oder", "decoder"),
    ],
)
def test_mappings_have_files_of_their_own(tmp_path, name, other):
    method = add_mapping(add_mapping(dec(), "en_coder"), name)

    found = problem(tmp_path, method)

    assert found.path == "$.mappings[3].name"
    assert other in found.found


def test_data_sets_have_files_of_their_own(tmp_path):
    found = problem(tmp_path, add_dataset(dec(), "load digits"))

    assert found.path == "$.datasets[1].name"
    assert "in file names, 'load digits' equals data set 'load_digits'" in found.found


def test_data_set_and_mapping_together_name_one_file(tmp_path):
    method = add_dataset(add_mapping(dec(), "a_encoder"), "load_digits_a")

    found = problem(tmp_path, method)

    assert found.path == "$.datasets[1].name"
    assert "'encoder' have the names of those of 'a_encoder' on 'load_digits'" in found.found


def test_a_name_that_stands_twice_is_one_problem(tmp_path):
    assert problem(tmp_path, add_mapping(dec(), "decoder")).path == "$.mappings[2].name"


def test_a_disabled_data_set_has_no_files(tmp_path):
    method = add_dataset(dec(), "load digits")
    method["datasets"][1]["enabled"] = False

    assert len(load(tmp_path, method).datasets) == 1


def test_layers_inside_others_have_names_of_their_own(tmp_path):
    method = dec()
    inner = method["mappings"][0]["layers"][2]["positional_arguments"]
    inner[0]["name"] = "hidden"

    found = problem(tmp_path, method)

    assert found.path == "$.mappings[0].layers[2].positional_arguments[0].name"
    assert found.found == "another layer is called 'hidden'"


def test_data_sets_of_one_class_are_called_by_it_and_a_number(tmp_path):
    method = dec()
    plain = method["datasets"][0]
    off = plain | {"enabled": False}
    method["datasets"] = [off, plain, plain | {"name": "load_digits_2"}, plain, off]

    config = load(tmp_path, method)

    assert [d.name for d in config.datasets] == ["load_digits", "load_digits_2", "load_digits_3"]
    assert [d["name"] for d in config.filled["datasets"][::4]] == ["load_digits"] * 2
    assert load(tmp_path, config.filled).datasets == config.datasets


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
        (lambda m: m["datasets"].extend([m["datasets"][0] | {"name": "digits"}] * 2), "data set"),
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
