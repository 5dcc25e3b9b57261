import inspect

import pytest
import torch
from torch import nn, optim
from torch.nn import functional, init
from torch.optim import lr_scheduler
from torchvision import datasets, transforms

from dcrf.config.rules.torch_signatures import check_call
from dcrf.schema.allowed_names import (
    DATASETS,
    FUNCTIONS,
    INITIALIZERS,
    LAYERS,
    NOT_GIVEN,
    OPTIMIZERS,
    OWN_LAYERS,
    OWN_TRANSFORMS,
    REFUSED,
    SCHEDULERS,
    TABLES,
    TRANSFORMS,
)
from dcrf.schema.generate import signature_of

HOSTILE = [
    # paths, in every spelling
    *("torch.os.system", "os.system", "nn.Linear", "torch.nn.Linear", "modules.linear.Linear"),
    *("Linear.forward", "Linear.__init__.__globals__", "init.os", "init.torch", "init.zeros_"),
    *("functional.relu", "F.relu", "torch.hub.load", "..Linear", ".Linear", "Linear.", "Linear/x"),
    *("lr_scheduler.StepLR", "datasets.MNIST", "transforms.Compose", "builtins.eval"),
    # modules and other members that stand beside the names
    *(
        "functional",
        "os",
        "sys",
        "modules",
        "F",
        "init",
        "math",
        "torch",
        "nn",
        "parallel",
        "utils",
    ),
    *("parameter", "Parameter", "Buffer", "Tensor", "Any", "warnings", "lr_scheduler", "datasets"),
    *("transforms", "partial", "boolean_dispatch", "handle_torch_function", "has_torch_function"),
    *("wrap_dataset_for_transforms_v2", "factory_kwargs", "Callable", "Optional", "importlib"),
    # private and special names
    *("__class__", "__dict__", "__import__", "__builtins__", "__loader__", "__name__", "__doc__"),
    *("_LRScheduler", "_BatchNorm", "_reduction", "_no_grad_fill_", "_VF", "_", "__", "_Linear"),
    # what takes code, or builds and runs it
    *("Lambda", "LambdaLR", "MultiplicativeLR", "DatasetFolder", "eval", "exec", "compile", "open"),
    *("system", "popen", "getattr", "load", "save", "jit", "script", "hub"),
    # look-alikes: Cyrillic, Greek, full width, combining, zero width, other digits
    *("Lin\u0435ar", "R\u0435LU", "\u039ceLU", "\uff2cinear", "Linear\u0301", "Linear\u200b"),
    *("Conv\u0662d", "\u0391dam", "\u041cNIST", "S\u0441heduler", "rel\u03c5", "z\u0435ros"),
    # no names at all
    *("", " ", "Linear ", " Linear", "Linear\n", "Linear\x00", "2d", "Lin ear", "Linear()", "*"),
    *("Linear;os", "[0]", "{}", "%s", "-", "../names/layers", "$ref", "'Linear'"),
]
NOT_STRINGS = [None, True, 3, 2.5, ["Linear"], {"type": "Linear"}, ("Linear",)]


def test_the_list_of_hostile_names_is_long_and_says_nothing_twice():
    assert len(HOSTILE) >= 60
    assert len(set(HOSTILE)) == len(HOSTILE)


@pytest.mark.parametrize("place", TABLES)
def test_no_table_holds_a_hostile_name(place):
    assert not set(HOSTILE) & TABLES[place].keys()


@pytest.mark.parametrize("name", [*HOSTILE, *NOT_STRINGS], ids=ascii)
def test_hostile_names_are_refused_in_every_place(name):
    for place in TABLES:
        (problem,) = check_call(place, name, {}, "$.entry", key="type")

        assert problem.path == "$.entry.type"
        assert problem.found
        assert problem.remedy


@pytest.mark.parametrize("place", TABLES)
def test_names_have_ascii_letters_digits_and_inner_underscores(place):
    assert TABLES[place]
    assert all(n.isascii() and n.isidentifier() and n[0].isalpha() for n in TABLES[place])


@pytest.mark.parametrize("place", TABLES)
def test_tables_are_frozen(place):
    for table in (TABLES, REFUSED, NOT_GIVEN, TABLES[place], REFUSED[place], NOT_GIVEN[place]):
        with pytest.raises(TypeError):
            table["name"] = print  # type: ignore[index]


@pytest.mark.parametrize(
    ("table", "base", "module"),
    [
        ({n: c for n, c in LAYERS.items() if n not in OWN_LAYERS}, nn.Module, nn),
        (OPTIMIZERS, optim.Optimizer, optim),
        (SCHEDULERS, lr_scheduler.LRScheduler, lr_scheduler),
        (DATASETS, datasets.VisionDataset, datasets),
        ({n: c for n, c in TRANSFORMS.items() if n not in OWN_TRANSFORMS}, object, transforms),
    ],
)
def test_tables_of_classes_hold_public_subclasses_of_the_right_kind(table, base, module):
    assert all(issubclass(cls, base) and cls is not base for cls in table.values())
    assert all(vars(module)[name] is cls for name, cls in table.items())
    assert all(cls.__module__.startswith(module.__name__) for cls in table.values())


def test_the_layers_of_our_own_are_those_of_their_package_and_no_others():
    assert {cls.__module__ for cls in OWN_LAYERS.values()} == {
        f"dcrf.mappings.layers.{stem}" for stem in OWN_LAYERS
    }
    assert all(LAYERS[stem] is cls for stem, cls in OWN_LAYERS.items())


def test_the_transforms_of_our_own_are_those_of_their_package_and_no_others():
    assert {cls.__module__ for cls in OWN_TRANSFORMS.values()} == {
        f"dcrf.data.transforms.own.{stem}" for stem in OWN_TRANSFORMS
    }
    assert all(TRANSFORMS[stem] is cls for stem, cls in OWN_TRANSFORMS.items())


def test_initializers_overwrite_a_tensor():
    for name, function in INITIALIZERS.items():
        assert vars(init)[name] is function
        assert next(iter(inspect.signature(function).parameters)) == "tensor"


def test_functions_need_one_tensor_and_it_comes_first():
    for name, function in FUNCTIONS.items():
        first, *others = signature_of(function).values()

        assert vars(functional)[name] is function
        assert first.name in {"input", "logits"}
        for other in others:
            is_tensor = "Tensor" in str(other.annotation)
            assert not is_tensor or other.default is None, f"{name} needs {other.name}"


def test_every_public_function_of_torch_is_in_the_table_or_refused_for_a_reason():
    functions = {
        name
        for name, member in vars(functional).items()
        if inspect.isroutine(member) and not name.startswith("_")
        if (member.__module__ or "") in {"torch", "torch.nn.functional", "torch._C._nn"}
    }

    assert functions == FUNCTIONS.keys() | REFUSED["functions"].keys()
    assert not FUNCTIONS.keys() & REFUSED["functions"].keys()


@pytest.mark.parametrize("place", TABLES)
def test_no_argument_that_a_file_may_give_can_only_be_code(place):
    for name, thing in TABLES[place].items():
        for argument in signature_of(thing).values():
            takes_code = "Callable" in str(argument.annotation)
            is_given = argument.name not in NOT_GIVEN[place]

            assert not (takes_code and is_given) or "str |" in str(argument.annotation), name


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("layers", "Bilinear MultiheadAttention LSTM MSELoss MaxUnpool2d ModuleList Module"),
        ("functions", "cross_entropy conv2d one_hot relu_ max_pool2d_with_indices linear"),
        ("optimizers", "LBFGS Optimizer"),
        ("schedulers", "LambdaLR MultiplicativeLR ReduceLROnPlateau SequentialLR ChainedScheduler"),
        ("transforms", "Lambda FiveCrop TenCrop LinearTransformation ConvertImageDtype"),
        ("datasets", "DatasetFolder CocoDetection Flickr8k FlyingChairs LFWPairs Kinetics CelebA"),
    ],
)
def test_what_cannot_work_from_a_file_is_refused_with_its_reason(place, names):
    for name in names.split():
        (problem,) = check_call(place, name, {}, "$")

        assert name not in TABLES[place]
        assert problem.remedy == REFUSED[place][name]


def test_the_names_that_methods_use_are_there():
    assert LAYERS["Sequential"] is nn.Sequential
    assert LAYERS["TransformerEncoder"] is nn.TransformerEncoder
    assert OPTIMIZERS.keys() >= {"Adadelta", "Adafactor", "Adam", "AdamW", "Muon", "SGD"}
    assert SCHEDULERS.keys() >= {"CosineAnnealingLR", "OneCycleLR", "StepLR"}
    assert DATASETS.keys() >= {"FakeData", "ImageFolder", "MNIST", "STL10", "USPS"}
    assert TRANSFORMS.keys() >= {"Compose", "RandomApply", "RandomResizedCrop", "ToTensor"}
    assert FUNCTIONS["softmax"] is torch.nn.functional.softmax
