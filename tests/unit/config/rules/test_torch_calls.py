import pytest

from tests.unit.config.methods import dec, load, problem, problems

LAYERS = "$.mappings[0].layers"


def with_layer(layer):
    method = dec()
    method["mappings"][0]["layers"].append(layer)
    return method


def test_an_argument_that_a_layer_does_not_take_is_a_problem(tmp_path):
    found = problem(tmp_path, with_layer({"type": "ReLU", "in_place": True}))

    assert found.path == f"{LAYERS}[4].in_place"
    assert "'in_place'" in found.found
    assert "'inplace'" in found.remedy
    assert found.line > 1


def test_a_missing_argument_is_a_problem(tmp_path):
    found = problem(tmp_path, with_layer({"type": "Linear", "in_features": 3}))

    assert "'out_features'" in found.found


@pytest.mark.parametrize("name", ["Liner", "torch.nn.Linear", "os.system", "__import__"])
def test_a_name_that_no_layer_has_is_a_problem(tmp_path, name):
    assert problem(tmp_path, with_layer({"type": name})).path == f"{LAYERS}[4].type"


def test_layers_in_layers_are_checked(tmp_path):
    nested = {
        "type": "Sequential",
        "positional_arguments": [
            {"type": "TransformerEncoder", "num_layers": 1, "encoder_layer": {
                "type": "TransformerEncoderLayer", "d_model": 4, "nheads": 2}},
            {"type": "Rleu"},
            {"inplace": True},
        ],
    }  # fmt: skip

    found = problems(tmp_path, with_layer(nested))

    inside = f"{LAYERS}[4].positional_arguments"
    assert {p.path for p in found} == {
        f"{inside}[0].encoder_layer",
        f"{inside}[0].encoder_layer.nheads",
        f"{inside}[1].type",
        f"{inside}[2]",
    }
    assert "the key 'type' is missing" in {p.found for p in found}


def test_transforms_in_transforms_are_checked(tmp_path):
    method = dec()
    view = method["datasets"][0]["batch_augmentations"][0]
    view["transforms"][0]["transforms"][0]["q"] = 1

    assert problem(tmp_path, method).path.endswith("transforms[0].transforms[0].q")


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("$.mappings[0].layer_initialization[0].standard_deviation", {"standard_deviation": 1}),
        ("$.mappings[0].layer_initialization[0].type", {"type": "norml"}),
        ("$.mappings[0].post_processing_functions[0].dims", {"dims": 1}),
        ("$.mappings[0].post_processing_functions[0].function_name", {"function_name": "x.y"}),
        (
            "$.mappings[0].post_processing_functions[0].input_argument_name",
            {"input_argument_name": "x"},
        ),
        ("$.phases[1].optimizers[0].learning_rate", {"learning_rate": 1}),
        ("$.phases[1].optimizers[0].type", {"type": "Sgd"}),
        ("$.phases[1].optimizer_learning_rate_schedulers[0].size", {"size": 1}),
        ("$.phases[1].optimizer_learning_rate_schedulers[0].type", {"type": "LambdaLR"}),
    ],
)
def test_every_call_is_checked(tmp_path, path, change):
    method = dec()
    steps = path.removeprefix("$.").replace("[", ".").replace("]", "").split(".")
    if len(steps) % 2:
        steps.pop()
    entry = method
    for step in steps:
        entry = entry[int(step) if step.isdecimal() else step]
    entry.update(change)

    assert problem(tmp_path, method).path == path


def test_initializers_go_without_their_underscore(tmp_path):
    method = dec()
    method["mappings"][0]["layer_initialization"][0]["type"] = "normal_"

    assert load(tmp_path, method).mappings[0].layer_initialization[0]["std"] == 0.01


def torchvision(**options):
    method = dec()
    method["datasets"][0] |= {"source": "torchvision", "dataset": "MNIST", "root": ".", **options}
    return method


def test_arguments_of_a_data_set_are_those_of_its_class(tmp_path):
    config = load(tmp_path, torchvision(train=False))

    assert config.datasets[0].options == {"root": str(tmp_path), "train": False}
    assert problem(tmp_path, torchvision(split="train")).path == "$.datasets[0].split"
    assert problem(tmp_path, torchvision(dataset="MNISTT")).path == "$.datasets[0].dataset"


def test_the_arguments_of_a_part_join_those_of_all_parts(tmp_path):
    parts = [{"split": "train"}, {"split": "test"}]
    method = torchvision(dataset="SVHN", parts=parts)

    config = load(tmp_path, method)

    assert config.datasets[0].parts == tuple(parts)
    assert "split" not in config.datasets[0].options

    method["datasets"][0]["parts"][1] = {"splt": "test"}
    assert "'splt'" in problem(tmp_path, method).found


def test_whole_numbers_become_integers_where_the_signature_means_them(tmp_path):
    method = with_layer(
        {
            "type": "Sequential",
            "positional_arguments": [{"type": "Linear", "positional_arguments": [4.0, 4e0]}],
        }
    )
    method["mappings"][0]["layers"][1] |= {"in_features": 6.4e1}
    method["phases"][1]["optimizer_learning_rate_schedulers"][0]["step_size"] = 5e4
    method["phases"][1]["optimizers"][0]["lr"] = 1.0

    config = load(tmp_path, method)

    layers = config.mappings[0].layers
    found = [
        layers[1]["in_features"],
        *layers[4]["positional_arguments"][0]["positional_arguments"],
        config.phases[1].schedulers[0].options["step_size"],
    ]
    assert found == [64, 4, 4, 50_000]
    assert all(isinstance(number, int) for number in found)
    assert isinstance(config.phases[1].optimizers[0].options["lr"], float)


def test_a_misspelt_key_of_the_framework_is_not_taken_for_an_argument(tmp_path):
    method = torchvision(batchsize=4)
    method["phases"][1]["optimizers"][0]["optimise_centroids"] = True
    del method["datasets"][0]["batch_size"]

    assert {(p.path, p.remedy) for p in problems(tmp_path, method)} == {
        ("$.datasets[0].batchsize", "did you mean 'batch_size'?"),
        ("$.phases[1].optimizers[0].optimise_centroids", "did you mean 'optimizes_centroids'?"),
    }


def test_a_wrong_argument_of_a_part_is_told_at_the_part(tmp_path):
    method = dec()
    usps = {"source": "torchvision", "dataset": "USPS", "root": "."}
    parts = {"parts": [{"train": True}, {"train": "yes"}]}
    entry = {key: value for key, value in method["datasets"][0].items() if key != "dataset"}
    method["datasets"][0] = {**entry, **usps, **parts}

    assert problem(tmp_path, method).path == "$.datasets[0].parts[1].train"
