import pytest

from tests.unit.config.methods import classifying, load, problem

PATH = "$.mappings[2]"
REMEDY = "end the layers with Softmax, or name it in softmax_layer_name"


def with_layers(*layers, **changes):
    method = classifying()
    linear = method["mappings"][2]["layers"][0]
    method["mappings"][2] |= {"layers": [linear, *layers]} | changes
    if "softmax_layer_name" not in changes:
        del method["mappings"][2]["softmax_layer_name"]
    return method


def sequential(*layers):
    return {"type": "Sequential", "positional_arguments": list(layers)}


def test_the_classifier_strategy_needs_a_classifier(tmp_path):
    method = classifying()
    del method["mappings"][2]

    assert problem(tmp_path, method).found == "the method has no classifier"


@pytest.mark.parametrize("kind", ["Softmin", "ReLU", "Softmax2d"])
def test_only_a_softmax_can_be_left_out(tmp_path, kind):
    last = {"type": kind, "name": "last"}
    method = with_layers(last, {"type": "Identity"}, softmax_layer_name="last")

    found = problem(tmp_path, method)

    assert (found.path, found.found) == (
        f"{PATH}.softmax_layer_name",
        f"layer 'last' is of type {kind}",
    )


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
def test_a_softmax_can_be_left_out(tmp_path, kind):
    last = {"type": kind, "name": "last", "dim": 1}

    assert load(tmp_path, with_layers(last, softmax_layer_name="last")).mappings[2]


def test_a_misspelt_softmax_is_one_problem(tmp_path):
    last = {"type": "Softmx", "name": "last"}

    found = problem(tmp_path, with_layers(last, softmax_layer_name="last"))

    assert found.path == f"{PATH}.layers[1].type"


def test_a_nested_softmax_cannot_be_named(tmp_path):
    last = sequential({"type": "Softmax", "name": "softmax", "dim": 1})
    method = with_layers(last, {"type": "Identity"}, softmax_layer_name="softmax")

    assert problem(tmp_path, method).found.endswith("has no layer called 'softmax'")


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_a_classifier_ends_with_no_softmax_function(tmp_path, name):
    function = {"function_name": name, "dim": 1}

    found = problem(tmp_path, with_layers(post_processing_functions=[function]))

    assert found.path == f"{PATH}.post_processing_functions[0].function_name"
    assert found.remedy == REMEDY


@pytest.mark.parametrize(
    ("last", "path"),
    [
        (sequential({"type": "Softmax", "dim": 1}), ".layers[1].positional_arguments[0]"),
        (
            sequential(sequential({"type": "ReLU"}, {"type": "Softmax", "dim": 1})),
            ".layers[1].positional_arguments[0].positional_arguments[1]",
        ),
        ({"type": "Softmin", "dim": 1}, ".layers[1]"),
    ],
)
def test_probabilities_are_not_taken_for_logits(tmp_path, last, path):
    found = problem(tmp_path, with_layers(last))

    assert (found.path, found.remedy) == (PATH + path, REMEDY)


def test_other_mappings_may_end_as_they_like(tmp_path):
    method = classifying()
    method["mappings"][0]["layers"].append(sequential({"type": "Softmax", "dim": 1}))
    method["mappings"][0]["post_processing_functions"] = [{"function_name": "softmax", "dim": 1}]
    method["mappings"][2]["layers"].insert(0, sequential({"type": "Softmax", "dim": 1}))

    assert load(tmp_path, method).name == "small dec"
