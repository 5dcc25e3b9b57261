"""Allow-lists of the classes and functions that a method file may name, one per place.

A place is a module of torch or torchvision, such as `layers` for torch.nn. Its frozen table maps
names to public members that the library itself defines there; `layers` and `transforms` also have
those of our own, by their stems. Names are looked up as they are, never followed as dotted paths.
`REFUSED` has the reason for every other member, and `NOT_GIVEN` for every argument that a file may
not set: the framework sets it, or it takes an object or code. `make schema` writes all tables to
`schema/names`, so that checking a file needs no torch.
"""

from collections.abc import Callable, Mapping
from inspect import isbuiltin, isclass, isfunction, signature
from types import MappingProxyType, ModuleType
from typing import Any, get_args

from torch import Tensor, nn, optim
from torch.nn import functional, init
from torch.optim import lr_scheduler
from torchvision import datasets, transforms

from dcrf.schema import registry

_LOSS = "it compares outputs with targets; losses are design patterns"
_INPUTS = "it needs several inputs, but a layer of a mapping has one"
_OUTPUTS = "it has several outputs, but the next layer takes one"
_HOLDER = "it only contains other layers; write 'Sequential'"
_BASE = "it is the base class of others"
_CODE = "it takes a function, and a file cannot contain code"
_TENSORS = "it needs several tensors, but a function of a file has one; use a layer"
_NO_LABELS = "its samples do not have one class label each"
_MODULE_STATE = "a function has no parameters; use a layer"


def _frozen(table: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(sorted(table.items())))


def _by_reason(groups: Mapping[str, str]) -> Mapping[str, str]:
    return _frozen({name: reason for reason, names in groups.items() for name in names.split()})


def _classes(module: ModuleType, base: type, package: str) -> dict[str, Any]:
    """Return the public subclasses of `base` in `module` that `package` defines under that name."""
    return {
        name: member
        for name, member in vars(module).items()
        if isclass(member) and issubclass(member, base) and member.__name__ == name
        if member.__module__.startswith(package) and not name.startswith("_")
    }


def _without(table: Mapping[str, Any], refused: Mapping[str, str]) -> Mapping[str, Any]:
    return _frozen({name: member for name, member in table.items() if name not in refused})


_layers = _classes(nn, nn.Module, "torch.nn.")
_refused_layers = _by_reason(
    {
        _LOSS: " ".join(name for name in _layers if "Loss" in name),
        _INPUTS: "Bilinear CosineSimilarity MaxUnpool1d MaxUnpool2d MaxUnpool3d MultiheadAttention"
        " PairwiseDistance Transformer TransformerDecoder TransformerDecoderLayer",
        _OUTPUTS: "GRU LSTM LSTMCell RNN",
        _HOLDER: "Container DataParallel ModuleDict ModuleList ParameterDict ParameterList",
        _BASE: "Module RNNBase RNNCellBase",
    }
)
OWN_LAYERS: Mapping[str, type[nn.Module]] = _frozen(
    {stem: registry.LAYERS.resolve(stem) for stem in registry.LAYERS.stems}
)
"""The layers of our own. `replaces` of such a class lists the refused layers that it stands for."""


def _references(layer: type[nn.Module]) -> Mapping[str, tuple[str, ...]]:
    annotations = {name: p.annotation for name, p in signature(layer).parameters.items()}
    kinds = {name: get_args(kind) or (kind,) for name, kind in annotations.items()}
    return {
        name: tuple(kind.__name__ for kind in of_argument)
        for name, of_argument in kinds.items()
        if all(isclass(k) and issubclass(k, nn.Module) and k is not nn.Module for k in of_argument)
    }


LAYER_REFERENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = _frozen(
    {stem: _references(layer) for stem, layer in OWN_LAYERS.items()}
)
"""Layer of our own -> argument that names another layer -> the types that this one may have.

Their annotations list the types. The constructor gets the layer itself.
"""
_own_for = {
    name: stem for stem, layer in OWN_LAYERS.items() for name in getattr(layer, "replaces", ())
}
_refused_layers = _frozen(
    {
        name: f"{reason}; write {_own_for[name]!r}" if name in _own_for else reason
        for name, reason in _refused_layers.items()
    }
)
LAYERS: Mapping[str, type[nn.Module]] = _frozen(
    {**_without(_layers, _refused_layers), **OWN_LAYERS}
)
BLOCKS: Mapping[str, type] = _frozen(
    {stem: registry.BLOCKS.resolve(stem) for stem in registry.BLOCKS.stems}
)
"""Blocks of layers. Files name them like layers; they are written out before anything is built."""

# Names have an underscore at the end; torch deprecates those without.
INITIALIZERS: Mapping[str, Callable[..., Tensor]] = _frozen(
    {
        name: member
        for name, member in vars(init).items()
        if isfunction(member) and member.__module__ == "torch.nn.init"
        if name.endswith("_") and not name.startswith("_")
    }
)

# Functions of one tensor that return one tensor and otherwise take only numbers, strings and
# booleans. Most are builtins without a signature, so they are listed here.
_FUNCTIONS = """
celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish relu relu6
rrelu selu sigmoid silu softplus softshrink softsign tanh tanhshrink threshold
gumbel_softmax log_softmax softmax softmin
group_norm instance_norm layer_norm local_response_norm normalize rms_norm
alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d
avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d
lp_pool1d lp_pool2d lp_pool3d fractional_max_pool2d fractional_max_pool3d
channel_shuffle fold interpolate pad pixel_shuffle pixel_unshuffle unfold
upsample upsample_bilinear upsample_nearest
"""
_functions = {
    name: member
    for name, member in vars(functional).items()
    if (isfunction(member) or isbuiltin(member)) and not name.startswith("_")
    if member.__module__ in {"torch", "torch.nn.functional", "torch._C._nn"}
}
FUNCTIONS: Mapping[str, Callable[..., Tensor]] = _frozen(
    {name: _functions[name] for name in _FUNCTIONS.split() if name in _functions}
)


def _refused_function(name: str) -> str:
    """Return why a function of torch.nn.functional is not in the table."""
    if name.endswith("_"):
        return f"it overwrites a tensor that others may share; write {name.rstrip('_')!r}"
    if name.endswith(("_loss", "cross_entropy", "cross_entropy_with_logits", "kl_div")):
        return _LOSS
    if name.endswith("_with_indices"):
        return f"it returns two tensors; write {name.removesuffix('_with_indices')!r}"
    return _TENSORS


_refused_functions = {name: _refused_function(name) for name in _functions.keys() - FUNCTIONS}
_refused_functions |= {
    "assert_int_or_pair": "it is not a function of a tensor",
    "native_channel_shuffle": "write 'channel_shuffle'",
    "one_hot": "it takes class numbers, which have no gradient",
    "pdist": "it returns a row per pair of samples instead of a row per sample",
}

_optimizers = _classes(optim, optim.Optimizer, "torch.optim")
_refused_optimizers = _by_reason(
    {"it computes the loss several times in a step, but each iteration has one loss": "LBFGS"}
    | {_BASE: "Optimizer"}
)
OPTIMIZERS: Mapping[str, type[optim.Optimizer]] = _without(_optimizers, _refused_optimizers)

_schedulers = _classes(lr_scheduler, lr_scheduler.LRScheduler, "torch.optim.lr_scheduler")
_refused_schedulers = _by_reason(
    {
        _CODE: "LambdaLR MultiplicativeLR",
        "it needs a metric at every step, which schedulers here do not get": "ReduceLROnPlateau",
        "it combines other schedulers; write each as an entry": "ChainedScheduler SequentialLR",
        _BASE: "LRScheduler",
    }
)
SCHEDULERS: Mapping[str, type[lr_scheduler.LRScheduler]] = _without(
    _schedulers, _refused_schedulers
)

_transforms = _classes(transforms, object, "torchvision.transforms.")
_refused_transforms = _by_reason(
    {
        _CODE: "Lambda",
        "it returns several images for one": "FiveCrop TenCrop",
        "it takes tensors, which a file cannot contain": "LinearTransformation",
        "it takes a dtype, which a file cannot contain": "ConvertImageDtype",
        "it is an enumeration, not a transform": "AutoAugmentPolicy InterpolationMode",
    }
)
OWN_TRANSFORMS: Mapping[str, type] = _frozen(
    {stem: registry.TRANSFORMS.resolve(stem) for stem in registry.TRANSFORMS.stems}
)
TRANSFORMS: Mapping[str, type] = _frozen(
    {**_without(_transforms, _refused_transforms), **OWN_TRANSFORMS}
)

# Data sets of images with one class label each. Only their documentation says so.
_DATASETS = """
CIFAR10 CIFAR100 CLEVRClassification Caltech101 Caltech256 Country211 DTD EMNIST EuroSAT FER2013
FGVCAircraft FakeData FashionMNIST Flowers102 Food101 GTSRB INaturalist ImageFolder ImageNet
Imagenette KMNIST LFWPeople MNIST Omniglot OxfordIIITPet PCAM Places365 QMNIST RenderedSST2
SEMEION STL10 SUN397 SVHN StanfordCars USPS
"""
_datasets = _classes(datasets, datasets.VisionDataset, "torchvision.datasets.")
_refused_datasets = dict.fromkeys(_datasets.keys() - set(_DATASETS.split()), _NO_LABELS) | {
    "CelebA": "its labels are forty attributes instead of one class",
    "DatasetFolder": f"{_CODE}; write 'ImageFolder'",
    "HMDB51": "its samples are videos",
    "Kinetics": "its samples are videos",
    "LSUN": "it would run code from a file beside the samples; save them for 'ImageFolder'",
    "UCF101": "its samples are videos",
    "VisionDataset": _BASE,
}
DATASETS: Mapping[str, type] = _without(_datasets, _refused_datasets)

TABLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "layers": _frozen({**LAYERS, **BLOCKS}),
        "initializers": INITIALIZERS,
        "functions": FUNCTIONS,
        "optimizers": OPTIMIZERS,
        "schedulers": SCHEDULERS,
        "transforms": TRANSFORMS,
        "datasets": DATASETS,
    }
)

REFUSED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "layers": _refused_layers,
        "initializers": _frozen({"calculate_gain": "it returns a number and initializes nothing"}),
        "functions": _frozen(_refused_functions),
        "optimizers": _refused_optimizers,
        "schedulers": _refused_schedulers,
        "transforms": _refused_transforms,
        "datasets": _frozen(_refused_datasets),
    }
)

_DTYPE = "the method's `precision` sets it"
_PAIR = "the next layer or function takes one tensor"
_VIEWS = "write `transforms` or `batch_augmentations` in the data set"
_not_given: dict[str, dict[str, str]] = {
    "layers": {
        "device": "the method's `device` sets it",
        "dtype": _DTYPE,
        "process_group": "the framework sets it",
        "return_indices": _PAIR,
    },
    "initializers": {
        "generator": "the method's `seed` sets it",
        "tensor": "`layer_names` and `weight_type` name the tensor",
    },
    "functions": {
        "bias": _MODULE_STATE,
        "dtype": _DTYPE,
        "out": "the result is a new tensor",
        "return_indices": _PAIR,
        "running_mean": _MODULE_STATE,
        "running_var": _MODULE_STATE,
        "weight": _MODULE_STATE,
    },
    "optimizers": {"params": "`trained_mapping_names` names the parameters"},
    "schedulers": {
        "last_epoch": "a scheduler starts with its phase",
        "optimizer": "`optimizer_name` names it",
        "scale_fn": _CODE,
    },
    "transforms": {},
    "datasets": {
        "is_valid_file": _CODE,
        "loader": _CODE,
        "target_transform": _CODE,
        "transform": _VIEWS,
        "transforms": _VIEWS,
    },
}
NOT_GIVEN: Mapping[str, Mapping[str, str]] = _frozen(
    {place: _frozen(arguments) for place, arguments in _not_given.items()}
)
