"""Trace module calls so that an error can be attributed to one layer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.nn.modules import module as hooks

from dcrf.config.method_config import MethodConfig, Options
from dcrf.config.safe_lookup import objects_within
from dcrf.mappings.mapping import TrainableMapping

SAMPLES = "the data set"


@dataclass(slots=True)
class ModuleTrace:
    """The modules that are running, and the producers of tensors.

    places: layer, function or mapping -> JSON path.
    names: the same modules -> their names in messages.
    running: modules that have been entered and not left, outermost first, with their first input.
    producers: id of a tensor -> the tensor, which keeps the id in use, and its producer's name.
    """

    places: Mapping[nn.Module, str]
    names: Mapping[nn.Module, str]
    running: list[tuple[nn.Module, Any]] = field(default_factory=list)
    producers: dict[int, tuple[Tensor, str]] = field(default_factory=dict)

    def reset(self) -> None:
        """Forget the modules that a failed pass has not left."""
        self.running.clear()

    def start_batch(self, views: Mapping[str, Tensor]) -> None:
        """Register the views of a batch as produced by the data set, and forget other tensors."""
        self.producers = {
            id(values): (values, f"view {view!r} of {SAMPLES}" if view else SAMPLES)
            for view, values in views.items()
        }

    def producer(self, values: Any) -> str | None:
        """Return the name of a tensor's producer, None if it is unknown."""
        return self.producers.get(id(values), (None, None))[1]

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Trace the calls of all modules inside the block, by global hooks of torch."""
        handles = (
            hooks.register_module_forward_pre_hook(self._enter),
            hooks.register_module_forward_hook(self._leave),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        self.running.append((module, inputs[0] if inputs else None))

    def _leave(self, module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
        self.running.pop()
        if isinstance(outputs, tuple):  # a hook of the module will keep the first output
            outputs = outputs[0] if outputs else None
        if not isinstance(outputs, Tensor):
            return
        values = inputs[0] if inputs else None
        keeps_size = isinstance(values, Tensor) and values.shape == outputs.shape
        is_passive = keeps_size or isinstance(module, nn.Flatten)
        name = self.names.get(module)
        if is_passive and not isinstance(module, TrainableMapping):
            name = self.producer(values) or name  # an activation produces no width
        if name:
            self.producers[id(outputs)] = (outputs, name)


def names_of(config: MethodConfig, places: Mapping[nn.Module, str]) -> dict[nn.Module, str]:
    """Return module -> its name in messages: mappings by name, layers by name or type as well."""
    names: dict[str, str] = {}
    for mapping in config.mappings:
        names[mapping.path] = f"mapping {mapping.name!r}"
        for key in ("layers", "pre_processing_functions", "post_processing_functions"):
            for path, entry in objects_within(list(getattr(mapping, key)), f"{mapping.path}.{key}"):
                names[path] = f"{_name_of(entry)} of {mapping.name!r}"
    return {module: names[path] for module, path in places.items()}


def _name_of(entry: Options) -> str:
    if "function_name" in entry:
        return str(entry["function_name"])
    return f"layer {entry['name']!r}" if "name" in entry else f"layer {entry.get('type')}"
