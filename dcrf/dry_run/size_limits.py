"""Limit the number of layers and the memory of parameters, before any is allocated."""

from collections.abc import Iterable, Mapping, Sequence

from torch import nn
from torch.nn.parameter import is_lazy

from dcrf.config.method_config import MappingConfig
from dcrf.errors import Problem
from dcrf.mappings.build_layers import number_of_layers
from dcrf.safety.limits import MAPPING_LAYERS
from dcrf.safety.memory import free_memory, gib


def number_problems(mappings: Sequence[MappingConfig]) -> list[Problem]:
    """Return a problem if all mappings together have more than `MAPPING_LAYERS` layers.

    Returns:
        At most one problem, at the entry that stands for the most layers.
    """
    numbers = {
        f"{mapping.path}.layers[{index}]": number_of_layers(layer)
        for mapping in mappings
        for index, layer in enumerate(mapping.layers)
    }
    total = sum(numbers.values())
    if total <= MAPPING_LAYERS:
        return []
    largest = max(numbers, key=lambda path: numbers[path])
    text = f"all mappings together have {total} layers, {numbers[largest]} of them here"
    return [Problem(largest, text, f"{MAPPING_LAYERS} are allowed; a copy counts as a layer")]


def size_problems(mappings: Mapping[str, nn.Module], free: int | None = None) -> list[Problem]:
    """Return a problem if the parameters of all mappings together exceed the free memory.

    Gradients, optimizer states and activations are not counted, so a rejected method can never
    run, but an accepted one may still run out of memory.

    Args:
        mappings: JSON path -> mapping, on torch's meta device.
        free: bytes of free memory; by default those of this machine now.

    Returns:
        At most one problem, at the mapping with the most parameters.
    """
    free = free_memory() if free is None else free
    sizes = {path: bytes_of(mapping) for path, mapping in mappings.items()}
    total = sum(sizes.values())
    if total <= free:
        return []
    largest = max(sizes, key=lambda path: sizes[path])
    text = (
        f"the parameters of all mappings take {gib(total)}, {gib(sizes[largest])} of them here, "
        f"but {gib(free)} of memory are free"
    )
    return [Problem(largest, text, "make layers smaller")]


def bytes_of(module: nn.Module) -> int:
    """Return the bytes of a module's parameters and buffers, without lazy ones."""
    tensors: Iterable = (*module.parameters(), *module.buffers())
    return sum(t.numel() * t.element_size() for t in tensors if not is_lazy(t))
