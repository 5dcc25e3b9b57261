"""Whether layers are few enough, and fit into the memory of this machine, before any is made."""

from collections.abc import Iterable, Mapping, Sequence

from torch import nn
from torch.nn.parameter import is_lazy

from dcrf.config.method_config import MappingConfig
from dcrf.errors import Problem
from dcrf.mappings.layers import number_of_layers
from dcrf.safety.limits import MAPPING_LAYERS
from dcrf.safety.memory import free_memory, gib


def number_problems(mappings: Sequence[MappingConfig]) -> list[Problem]:
    """Return a problem where all mappings together have more layers than there is time to make.

    Returns:
        At most one problem, at the layer that is made of the most.
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
    found = f"all mappings together have {total} layers, {numbers[largest]} of them here"
    return [Problem(largest, found, f"{MAPPING_LAYERS} are allowed; a copy counts like a layer")]


def size_problems(mappings: Mapping[str, nn.Module], free: int | None = None) -> list[Problem]:
    """Return a problem where the parameters of all mappings together are beyond the memory.

    They alone are counted, so what is refused can never run; gradients, the state of optimizers
    and what a batch needs come on top and are not foreseen.

    Args:
        mappings: JSON path -> the mapping, as it is built on torch's device `meta`.
        free: bytes of memory that can be had; without it, those of this machine now.

    Returns:
        At most one problem, at the mapping with the most parameters.
    """
    free = free_memory() if free is None else free
    sizes = {path: bytes_of(mapping) for path, mapping in mappings.items()}
    total = sum(sizes.values())
    if total <= free:
        return []
    largest = max(sizes, key=lambda path: sizes[path])
    found = (
        f"the parameters of all mappings take {gib(total)}, {gib(sizes[largest])} of them here, "
        f"but {gib(free)} of memory are free"
    )
    return [Problem(largest, found, "make layers smaller")]


def bytes_of(module: nn.Module) -> int:
    """Return the bytes of a module's parameters and buffers whose shapes are known."""
    tensors: Iterable = (*module.parameters(), *module.buffers())
    return sum(t.numel() * t.element_size() for t in tensors if not is_lazy(t))
