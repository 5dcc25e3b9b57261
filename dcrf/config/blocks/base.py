"""What blocks of layers share: entries, and checks of their arguments."""

from collections.abc import Sequence
from typing import Any

from dcrf.errors import OptionError

LayerEntry = dict[str, Any]
"""A layer as in a file. Its name is its role in the block, such as `linear_1`."""


def activation_layer(key: str, value: object, name: str) -> LayerEntry:
    """Return the entry of an activation.

    Args:
        key: the argument of the block.
        value: the name of a layer, or an entry with arguments.
        name: the role of the layer in its block.

    Raises:
        OptionError: the value is neither.
    """
    if isinstance(value, str):
        return {"type": value, "name": name}
    if isinstance(value, dict) and "name" not in value:
        return {**value, "name": name}
    example = 'expected a layer such as \'ReLU\' or {"type": "LeakyReLU", "negative_slope": 0.2}'
    raise OptionError(key, f"{example}, without a name; got {value!r}")


def positive_integers(key: str, values: list[int], least: int) -> list[int]:
    """Return a list of at least so many positive integers.

    Raises:
        OptionError: the value is another one.
    """
    is_list = isinstance(values, list) and len(values) >= least
    if not is_list or not all(type(value) is int and value > 0 for value in values):
        message = f"expected a list of at least {least} positive integers, got {values!r}"
        raise OptionError(key, message)
    return values


def per_layer(key: str, value: object, n_layers: int) -> Sequence[Any]:
    """Return one value for each layer: the items of a list, or the same value for all.

    Raises:
        OptionError: the list has another length.
    """
    values = value if isinstance(value, list) else [value] * n_layers
    if len(values) != n_layers:
        message = f"expected a value, or a list of one for each of {n_layers} layers; got {value!r}"
        raise OptionError(key, message)
    return values
