"""Merging a method file into the file that it extends."""

import json
import os
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcrf.config import load_checked, with_places
from dcrf.config.extends import is_abstract, merged, read
from dcrf.config.parse_json import RawConfig
from dcrf.errors import ConfigError, Problem, describe
from dcrf.safety.limits import METHOD_FILE_BASES, METHOD_FILE_VALUES
from tests.unit.config.methods import classifying, dec, write

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)
DATA = st.dictionaries(
    st.sampled_from(["name", "phases", "mappings", "seed", "device", "other"]), VALUES, max_size=5
)


def raw(data):
    return RawConfig("method.json", data, {})


def merge(base, changes):
    return merged(raw(base), raw(changes))


def data_of(base, changes):
    result = merge(base, changes)
    assert result.problems == ()
    return result.data


def files(folder, *contents):
    """Write files of which each extends the one before; return the path of the last."""
    for index, content in enumerate(contents):
        extends = {"extends": f"{index - 1}.json"} if index else {}
        last = write(folder, {**extends, **content}, f"{index}.json")
    return last


def problems_of(file):
    with pytest.raises(ConfigError) as caught:
        load_checked(file)
    return caught.value.problems


def problem_of(file):
    (problem,) = problems_of(file)
    return problem


@given(DATA)
def test_no_changes_change_nothing(base):
    before = deepcopy(base)

    assert data_of(base, {}) == before == base


@given(DATA)
def test_every_method_is_its_own_change(base):
    assert data_of(base, base) == base


@given(DATA)
def test_changes_of_nothing_are_the_method(changes):
    assert data_of({}, changes) == changes


@given(DATA)
def test_nothing_is_left_if_every_key_is_removed(base):
    assert data_of(base, {key: {"$remove": True} for key in base}) == {}


@given(st.lists(st.text(min_size=1), unique=True, min_size=1))
def test_nothing_is_left_if_every_entry_is_removed(names):
    base = {"phases": [{"name": name, "order": 1} for name in names]}

    changes = {"phases": [{"name": name, "$remove": True} for name in reversed(names)]}

    assert data_of(base, changes) == {"phases": []}


def test_objects_merge_key_by_key_and_plain_values_are_replaced():
    base = {"name": "a", "exit": {"iterations": 3, "epochs": 2}, "seed": 1}

    changes = {"name": "b", "exit": {"epochs": 5}, "device": "cpu"}

    assert data_of(base, changes) == {
        "name": "b",
        "exit": {"iterations": 3, "epochs": 5},
        "seed": 1,
        "device": "cpu",
    }


def test_lists_of_named_objects_merge_by_name_and_new_ones_go_to_the_end():
    base = {"phases": [{"name": "a", "order": 1}, {"name": "b", "order": 2}]}

    changes = {"phases": [{"name": "c", "order": 0}, {"name": "b", "enabled": False}]}

    assert data_of(base, changes)["phases"] == [
        {"name": "a", "order": 1},
        {"name": "b", "order": 2, "enabled": False},
        {"name": "c", "order": 0},
    ]


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        ([1, 2, 3], [4]),
        ([{"name": "a"}], []),
        ([{"name": "a"}], [{"type": "ReLU"}]),
        ([{"name": "a"}], [{"name": "a", "x": 1}, {"type": "ReLU"}]),
        ([{"type": "Adam"}], [{"name": "main", "type": "SGD"}]),
        ([{"name": "a"}], [{"name": 1}]),
        ({"name": "a"}, [{"name": "a"}]),
    ],
)
def test_any_other_list_is_replaced(base, changes):
    assert data_of({"list": base}, {"list": changes}) == {"list": changes}


def test_unnamed_layers_keep_their_place_among_named_ones():
    layers = [{"type": "Flatten"}, {"type": "Linear", "name": "code", "out_features": 10}]
    base = {"mappings": [{"name": "encoder", "layers": layers}]}
    change = {"mappings": [{"name": "encoder", "layers": [{"name": "code", "out_features": 5}]}]}

    (encoder,) = data_of(base, change)["mappings"]

    assert encoder["layers"] == [layers[0], {**layers[1], "out_features": 5}]


def test_a_removed_entry_leaves_no_gap():
    base = {"phases": [{"name": name} for name in "abc"]}

    changes = {"phases": [{"name": "a", "$remove": True}, {"name": "c", "order": 3}]}

    assert data_of(base, changes)["phases"] == [{"name": "b"}, {"name": "c", "order": 3}]


def test_removing_a_missing_entry_is_a_problem_with_a_suggestion():
    base = {"phases": [{"name": "pretraining"}]}

    (problem,) = merge(base, {"phases": [{"name": "pretrainig", "$remove": True}]}).problems

    assert (problem.path, problem.found, problem.remedy) == (
        "$.phases[0]",
        "the base has no 'pretrainig' to remove",
        "did you mean 'pretraining'?",
    )


@pytest.mark.parametrize(
    ("changes", "path", "found"),
    [
        ({"seeed": {"$remove": True}}, "$.seeed", "the base has no 'seeed' to remove"),
        ({"x": {"y": {"$remove": True}}}, "$.x.y.$remove", "no such entry or key to remove"),
        ({"metrics": [{"name": "a", "$remove": True}]}, "$.metrics[0].$remove", "no such entry"),
        ({"phases": [{"name": "p", "$remove": False}]}, "$.phases[0].$remove", "not true"),
        (
            {"phases": [{"name": "p", "$remove": True, "order": 2}]},
            "$.phases[0].order",
            "'order' means nothing beside $remove",
        ),
    ],
)
def test_a_removal_that_means_nothing_is_a_problem(changes, path, found):
    base = {"seed": 1, "phases": [{"name": "p"}], "metrics": ["purity"]}

    (problem,) = merge(base, changes).problems

    assert problem.path == path
    assert found in problem.found


def pattern(**entry):
    return {"phases": [{"name": "p", "design_patterns": [entry]}]}


def test_another_pattern_of_the_same_name_replaces_the_entry():
    base = pattern(name="clusters", pattern="target_distribution", loss_weight=0.1)
    changes = pattern(name="clusters", pattern="assignment_entropy")

    assert data_of(base, changes) == changes


def test_the_long_name_of_the_same_pattern_merges():
    phrase = "training_feature_extractor_through_reconstruction_of_samples"
    base = pattern(name="r", pattern="reconstruction", loss_weight=0.1, encoder_name="e")
    changes = pattern(name="r", pattern=phrase, loss_weight=0.2)

    (phase,) = data_of(base, changes)["phases"]

    assert phase["design_patterns"] == [
        {"name": "r", "pattern": phrase, "loss_weight": 0.2, "encoder_name": "e"}
    ]


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (
            {"phases": [{"name": "p", "optimizers": [{"name": "o", "type": "SGD", "lr": 1}]}]},
            {"phases": [{"name": "p", "optimizers": [{"name": "o", "type": "Adam"}]}]},
        ),
        (
            {"cluster_assignment_strategy": {"type": "classifier", "classifier_name": "c"}},
            {"cluster_assignment_strategy": {"type": "mixture", "distribution": "normal"}},
        ),
        (
            {"datasets": [{"name": "d", "dataset": "USPS", "root": "x"}]},
            {"datasets": [{"name": "d", "source": "npz", "path": "y"}]},
        ),
        (
            {"datasets": [{"name": "d", "source": "npz", "path": "y"}]},
            {"datasets": [{"name": "d", "source": "csv", "path": "z"}]},
        ),
    ],
)
def test_an_entry_of_another_kind_is_replaced(base, changes):
    assert data_of(base, changes) == changes


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (
            {"mappings": [{"name": "m", "type": "feature_extractor", "layers": []}]},
            {"mappings": [{"name": "m", "type": "sample_space_classifier"}]},
        ),
        (
            {"datasets": [{"name": "d", "dataset": "USPS", "root": "x"}]},
            {"datasets": [{"name": "d", "source": "torchvision"}]},
        ),
        (
            {"cluster_assignment_strategy": {"type": "classifier", "classifier_name": "c"}},
            {"cluster_assignment_strategy": {"type": "classifier"}},
        ),
    ],
)
def test_the_same_kind_and_another_role_merge(base, changes):
    def entry(data):
        (value,) = data.values()
        return value[0] if isinstance(value, list) else value

    assert entry(data_of(base, changes)) == entry(base) | entry(changes)


def test_an_older_key_gives_way_to_its_present_name():
    base = {"training_device": "cpu", "datasets": [{"name": "d", "shuffle": True}]}
    changes = {"device": "cuda", "datasets": [{"name": "d", "sampling": "in_order"}]}

    assert data_of(base, changes) == {
        "datasets": [{"name": "d", "sampling": "in_order"}],
        "device": "cuda",
    }
    assert data_of(base, {"device": {"$remove": True}})["datasets"] == base["datasets"]


def test_unnamed_entries_have_the_names_that_defaults_give_them(tmp_path):
    base = classifying()
    del base["mappings"][0]["layer_initialization"]
    base["phases"][0]["design_patterns"] *= 2
    changes = {
        "name": "child",
        "mappings": [{"type": "feature_space_classifier", "layers": []}],
        "phases": [
            {
                "name": "pretraining",
                "design_patterns": [
                    {"pattern": "reconstruction", "loss_weight": 2},
                    {"name": "reconstruction_2", "$remove": True},
                ],
            }
        ],
        "datasets": [{"dataset": "load_digits", "batch_size": 7}],
    }

    data = read(files(tmp_path, base, changes)).data

    assert [m["name"] for m in data["mappings"]] == [
        "encoder",
        "decoder",
        "feature_space_classifier",
    ]
    assert data["mappings"][2]["layers"] == []
    assert data["mappings"][2]["softmax_layer_name"] == "softmax"
    (reconstruction,) = data["phases"][0]["design_patterns"]
    assert (reconstruction["loss_weight"], reconstruction["encoder_name"]) == (2, "encoder")
    assert (data["datasets"][0]["batch_size"], data["datasets"][0]["num_clusters"]) == (7, 10)


def test_a_pattern_keeps_its_name_if_one_before_it_is_removed(tmp_path):
    base = dec()
    base["phases"][1]["design_patterns"] += [{"pattern": "assignment_entropy"}] * 2
    entry = {"name": "assignment_entropy", "$remove": True}
    changes = {"phases": [{"name": "finetuning", "design_patterns": [entry]}]}

    config = load_checked(files(tmp_path, base, changes))

    assert [p.name for p in config.phases[1].design_patterns] == [
        "target_distribution",
        "assignment_entropy_2",
    ]


def test_a_file_that_only_extends_is_its_base(tmp_path):
    base = load_checked(write(tmp_path, dec(), "base.json"))

    config = load_checked(write(tmp_path, {"extends": "base.json"}))

    assert config.filled == base.filled
    assert config.source == tmp_path / "method.json"


def test_a_chain_merges_from_its_base_on(tmp_path):
    last = files(tmp_path, dec(), {"name": "b", "seed": 1}, {"name": "c"})

    config = load_checked(last)

    assert (config.name, config.seed) == ("c", 1)


def test_paths_start_at_the_folder_of_the_file_that_has_them(tmp_path):
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    own.mkdir()
    write(shared, dec(), "base.json")
    save = {"path_to_file_or_dir": "mine.pth"}
    changes = {"phases": [{"name": "finetuning", "save_centroids": save}]}

    config = load_checked(write(own, {"extends": "../shared/base.json", **changes}))

    pretraining, finetuning = config.filled["phases"]
    (saved,) = pretraining["save_mapping_parameters"]
    assert saved["path_to_file_or_dir"] == str(shared / "parameters")
    assert finetuning["save_centroids"]["path_to_file_or_dir"] == str(own / "mine.pth")
    assert finetuning["save_centroids"]["saving_interval"] == 5


def test_a_dict_extends_relative_to_the_current_folder(tmp_path, monkeypatch):
    write(tmp_path, dec(), "base.json")
    monkeypatch.chdir(tmp_path)

    config = load_checked({"extends": "base.json", "name": "from a dict"})

    assert config.name == "from a dict"
    assert [phase.name for phase in config.phases] == ["pretraining", "finetuning"]


def test_settings_change_the_merged_method(tmp_path):
    file = files(tmp_path, dec(), {"seed": 3})

    config = load_checked(file, ["phases[finetuning].order=7", "seed=4"])

    assert [phase.name for phase in config.phases] == ["pretraining", "finetuning"]
    assert (config.filled["phases"][1]["order"], config.seed) == (7, 4)


def test_problems_name_the_file_and_line_that_has_the_words(tmp_path):
    base = dec()
    base["phases"][0]["enabled"] = "maybe"
    change = {"name": "finetuning", "order": "late"}
    file = files(tmp_path, base, {"phases": [change]})
    lines = [path.read_text().splitlines() for path in (tmp_path / "0.json", file)]

    own, inherited = problems_of(file)

    assert (own.path, own.file) == ("$.phases[1].order", "")
    assert '"order": "late"' in lines[1][own.line - 1]
    assert inherited.file == str(tmp_path / "0.json")
    assert '"enabled": "maybe"' in lines[0][inherited.line - 1]
    assert describe(file, inherited).startswith(f"{tmp_path / '0.json'}:{inherited.line}:")


def test_a_missing_key_is_reported_where_the_file_has_the_entry(tmp_path):
    file = files(tmp_path, dec(), {"phases": [{"name": "new", "exit_criteria": {"epochs": 1}}]})

    problem = problem_of(file)

    assert (problem.path, problem.file) == ("$.phases[2]", "")
    assert problem.line > 1


def test_problems_of_the_dry_run_are_placed_in_the_base_too(tmp_path):
    file = files(tmp_path, dec(), {"name": "child"})

    (problem,) = with_places(file, [Problem("$.mappings[0].layers[1]", "too wide")])

    assert problem.file == str(tmp_path / "0.json")
    assert "hidden" in "".join((tmp_path / "0.json").read_text().splitlines()[problem.line - 1 :])


def test_a_value_that_an_option_sets_is_in_no_file(tmp_path):
    file = files(tmp_path, dec(), {"name": "child"})

    with pytest.raises(ConfigError) as caught:
        load_checked(file, ["phases[pretraining].order=x"])

    (problem,) = caught.value.problems
    assert (problem.line, problem.file) == (0, "")
    assert "given by --set" in problem.found


def test_warnings_name_the_base(tmp_path):
    base = dec()
    base["phases"][1]["optimizers"][0]["group_name"] = "mine"
    alone = load_checked(write(tmp_path, base, "alone.json"))

    warnings = load_checked(files(tmp_path, base, {"name": "child"})).warnings

    assert [warning.path for warning in warnings] == [w.path for w in alone.warnings]
    assert {warning.file for warning in warnings} == {str(tmp_path / "0.json")}


def test_a_key_twice_in_a_base_is_a_problem_of_that_file(tmp_path):
    (tmp_path / "0.json").write_text('{"seed": 1, "seed": 2}')
    file = write(tmp_path, {**dec(), "extends": "0.json"})

    problem = problem_of(file)

    assert (problem.path, problem.line, problem.file) == ("$.seed", 1, str(tmp_path / "0.json"))


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (3, "expected the path of a method file"),
        ("", "expected the path of a method file"),
        (None, "expected the path of a method file"),
        ("a\0b", "expected the path of a method file"),
        ("missing.json", "does not exist"),
        ("x" * 5000, "does not exist"),
        (".", "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
    ],
)
def test_what_cannot_be_extended_is_reported_at_the_key(tmp_path, named, found):
    problem = problem_of(write(tmp_path, {**dec(), "extends": named}))

    assert problem.path == "$.extends"
    assert found in problem.found
    assert problem.line > 1


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")

    problem = problem_of(write(tmp_path, {"extends": "pipe.json"}))

    assert problem.found.endswith("is not a regular file")


@pytest.mark.parametrize(
    ("text", "found"),
    [("[]", "not a JSON object"), ('{"a": }', "invalid JSON"), ("\x00", "invalid JSON")],
)
def test_a_base_that_is_no_method_file_is_named(tmp_path, text, found):
    base = tmp_path / "base.json"
    base.write_text(text)

    problem = problem_of(write(tmp_path, {**dec(), "extends": "base.json"}))

    assert problem.file == str(base)
    assert found in problem.found


def test_a_circle_is_shown(tmp_path):
    first = write(tmp_path, {"extends": "b.json"}, "a.json")
    write(tmp_path, {"extends": "c.json"}, "b.json")
    write(tmp_path, {"extends": "../" + tmp_path.name + "/b.json"}, "c.json")

    problem = problem_of(first)

    b, c = tmp_path / "b.json", tmp_path / "c.json"
    assert problem.found == f"the files extend each other: {b} -> {c} -> {b}"
    assert (problem.path, problem.file) == ("$.extends", str(c))


def test_a_file_that_extends_itself_through_a_link_is_a_circle(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "method.json")

    problem = problem_of(write(tmp_path, {"extends": "link.json"}))

    assert problem.found.startswith("the files extend each other: ")


def test_a_chain_has_a_limit(tmp_path):
    most = [dec(), *({"seed": n} for n in range(METHOD_FILE_BASES))]
    assert load_checked(files(tmp_path, *most)).seed == METHOD_FILE_BASES - 1

    problem = problem_of(files(tmp_path, *most, {"seed": 0}))

    assert problem.found == f"more than {METHOD_FILE_BASES} files extend each other"


def test_the_limit_on_values_holds_for_all_files_together(tmp_path):
    half = {"references": ["x"] * (METHOD_FILE_VALUES * 2 // 3)}

    problem = problem_of(files(tmp_path, {**dec(), **half}, half))

    assert problem.path == "$.extends"
    assert f"more than {METHOD_FILE_VALUES} values" in problem.found


def test_an_abstract_file_does_not_run_but_its_heirs_do(tmp_path):
    file = files(tmp_path, {**dec(), "abstract": True}, {"name": "child"})

    assert load_checked(file).name == "child"
    problem = problem_of(tmp_path / "0.json")
    assert problem.path == "$.abstract"
    assert "other files extend it" in problem.found


def test_an_abstract_file_is_recognized(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "escaped.json").write_text('{"\\u0061bstract": true}')

    assert is_abstract(tmp_path / "escaped.json")
    assert is_abstract(write(tmp_path, {"abstract": True}))
    assert not is_abstract(write(tmp_path, {"abstract": "yes"}))
    assert not is_abstract(write(tmp_path, dec()))
    assert not is_abstract(tmp_path / "broken.json")


def test_extends_is_not_part_of_the_configuration(tmp_path):
    config = load_checked(files(tmp_path, {**dec(), "abstract": True}, {"name": "child"}))

    assert not {"extends", "abstract"} & config.filled.keys()
    assert json.loads(json.dumps(config.filled)) == config.filled
