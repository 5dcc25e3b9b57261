"""Build layers, functions and initializations of torch.nn from the entries of a checked file.

Errors of torch, such as a wrong argument type, are raised unchanged.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from dcrf.schema.allowed_names import FUNCTIONS, INITIALIZERS, LAYER_REFERENCES, LAYERS

Entry = Mapping[str, Any]

_LAYER_KEYS = frozenset({"type", "name", "positional_arguments"})
# `inplace` would overwrite tensors that other patterns read: it is accepted and has no effect
_FUNCTION_KEYS = frozenset({"function_name", "input_argument_name", "inplace"})

BuiltLayers = list[tuple[Entry, nn.Module]]
"""Pairs of an entry and the layer built from it."""


@dataclass(frozen=True, slots=True)
class References:
    """The layers that the layers of a mapping refer to by name.

    Each is built once, whichever mapping is built first. They have no parameters, so this takes
    nothing from the random streams.

    find: returns the entry of the layer that a name means.
    layers: id of an entry -> the layer built from it, for all mappings of a method.
    failed: entries whose layers could not be built, nested ones before those that they are in.
    """

    find: Callable[[str], Entry]
    layers: dict[int, nn.Module] = field(default_factory=dict)
    failed: list[Entry] = field(default_factory=list)

    def layer(self, name: str) -> nn.Module:
        """Return the layer that a name means."""
        entry = self.find(name)
        if id(entry) not in self.layers:
            build_layer(entry, references=self)
        return self.layers[id(entry)]


def build_layer(
    entry: Entry,
    layers_by_name: dict[str, nn.Module] | None = None,
    built: BuiltLayers | None = None,
    references: References | None = None,
) -> nn.Module:
    """Build a layer and its nested layers.

    Args:
        entry: `{"type": "Linear", "name": "embedding", "in_features": 784, ...}`. An argument, or
            an item of `positional_arguments` or of a list, may itself be an entry.
        layers_by_name: receives all named layers, nested ones included.
        built: receives all entries with their layers, nested ones included.
        references: the layers built so far. One that another has referred to is not built again.

    Raises:
        TypeError, ValueError, RuntimeError: torch rejects the arguments.
    """
    scope = (layers_by_name, built, references)
    layer = references.layers.get(id(entry)) if references else None
    if layer is None:
        try:
            layer = _look_up(LAYERS, entry["type"])(
                *_argument(entry.get("positional_arguments", ()), *scope),
                **_arguments(_with_layers(entry, references), _LAYER_KEYS, *scope),
            )
        except Exception:
            if references is not None:
                references.failed.append(entry)
            raise
    if references is not None:
        references.layers[id(entry)] = layer
    if hasattr(layer, "inplace"):
        layer.inplace = False
    if layers_by_name is not None and "name" in entry:
        layers_by_name[entry["name"]] = layer
    if built is not None:
        built.append((entry, layer))
    return layer


def _with_layers(entry: Entry, references: References | None) -> Entry:
    """Return an entry with layers in place of the names that refer to them."""
    named = LAYER_REFERENCES.get(entry["type"], {}).keys() & entry.keys()
    if named and references is None:
        raise ValueError(f"{entry['type']} refers to a layer, but stands in no mapping")
    return {**entry, **{key: references.layer(entry[key]) for key in named if references}}


def number_of_layers(entry: Entry) -> int:
    """Return the number of layers of an entry, nested layers and their copies included."""
    within = sum(map(_layers_within, entry.values()))
    if entry["type"] != "TransformerEncoder":  # the only layer that copies another one
        return 1 + within
    numbers = [*entry.get("positional_arguments", ())[1:2], entry.get("num_layers")]
    return 1 + within * max((n for n in numbers if isinstance(n, int) and n > 0), default=1)


def _layers_within(value: Any) -> int:
    if isinstance(value, Mapping) and "type" in value:
        return number_of_layers(value)
    return sum(map(_layers_within, value)) if isinstance(value, list | tuple) else 0


def check_sizes(layer: nn.Module) -> None:
    """Raise ValueError if a parameter of a layer has no elements because a size is 0."""
    for name, parameter in layer.named_parameters():
        if not is_lazy(parameter) and not parameter.numel():
            raise ValueError(f"the {name} of {layer} has no elements: a size is 0")


class TensorFunction(nn.Module):
    """A function of torch.nn.functional with its arguments, as a module.

    A function with a `training` argument, such as `dropout`, follows the module's mode unless
    `arguments` contains it.
    """

    def __init__(self, function: Callable[..., Tensor], arguments: Mapping[str, Any]) -> None:
        super().__init__()
        self.function, self.arguments = function, dict(arguments)
        self.follows_mode = _takes(function, "training") and "training" not in arguments

    def forward(self, values: Tensor) -> Tensor:
        """Call the function with `values` as its first argument."""
        mode = {"training": self.training} if self.follows_mode else {}
        return self.function(values, **self.arguments, **mode)

    def extra_repr(self) -> str:
        """Return the function's name."""
        return self.function.__name__


def bind_function(entry: Entry) -> TensorFunction:
    """Bind the arguments of a function of torch.nn.functional.

    Args:
        entry: `{"function_name": "softmax", "dim": 1}`. The tensor is the first argument of every
            allow-listed function, and a checked `input_argument_name` names that argument.

    Raises:
        TypeError: an argument is an object.
    """
    function = _look_up(FUNCTIONS, entry["function_name"])
    return TensorFunction(function, _plain_arguments(entry, _FUNCTION_KEYS))


def initialize(layer: nn.Module, weight_type: str, function_name: str, arguments: Entry) -> None:
    """Initialize a parameter of a layer by a function of torch.nn.init.

    Args:
        layer: the layer; its nested layers keep their parameters.
        weight_type: `weight` or `bias`.
        function_name: with or without its trailing underscore.
        arguments: the arguments of the function after the tensor.

    Raises:
        ValueError: the layer has no such parameter, or the parameter has no shape yet, or the
            function rejects the shape.
    """
    parameter = dict(layer.named_parameters(recurse=False)).get(weight_type)
    if parameter is None:
        raise ValueError(f"{type(layer).__name__} with these arguments has no {weight_type}")
    if is_lazy(parameter):
        raise ValueError(
            f"the {weight_type} of {type(layer).__name__} has no shape before the first batch"
        )
    _look_up(INITIALIZERS, f"{function_name.rstrip('_')}_")(
        parameter, **_plain_arguments(arguments)
    )


def _look_up(table: Mapping[str, Any], name: str) -> Any:
    if name not in table:  # the schema may name classes of a newer torch
        raise ValueError(f"{name!r} is not an allowed name in the installed torch")
    return table[name]


def _arguments(
    entry: Entry,
    without: frozenset[str] = frozenset(),
    layers_by_name: dict[str, nn.Module] | None = None,
    built: BuiltLayers | None = None,
    references: References | None = None,
) -> dict[str, Any]:
    arguments = ((key, value) for key, value in entry.items() if key not in without)
    return {key: _argument(value, layers_by_name, built, references) for key, value in arguments}


def _plain_arguments(entry: Entry, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the arguments of a function, which cannot be layers."""
    arguments = {key: value for key, value in entry.items() if key not in without}
    for key, value in arguments.items():
        if isinstance(value, Mapping):
            raise TypeError(f"the argument {key!r} of a function cannot be an object")
    return _arguments(arguments)


def _takes(function: Callable[..., Tensor], argument: str) -> bool:
    try:
        return argument in inspect.signature(function).parameters
    except ValueError:  # a builtin without a signature
        return False


def _argument(
    value: Any,
    layers_by_name: dict[str, nn.Module] | None = None,
    built: BuiltLayers | None = None,
    references: References | None = None,
) -> Any:
    """Return an argument for torch: lists become tuples, entries become layers."""
    if isinstance(value, Mapping) and "type" in value:
        return build_layer(value, layers_by_name, built, references)
    if isinstance(value, list | tuple):
        return tuple(_argument(item, layers_by_name, built, references) for item in value)
    return value
