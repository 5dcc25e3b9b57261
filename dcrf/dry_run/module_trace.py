"""Watch what runs inside what, so that a failure can be laid to one layer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.nn.modules import module as hooks

from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.config.method_config import MethodConfig, Options
from dcrf.config.safe_lookup import objects_within
from dcrf.dry_run.width_mismatch import Misfit, lacks_flatten, misfit
from dcrf.errors import Problem, cause_of, causes, first_line
from dcrf.mappings.mapping import TrainableMapping

SAMPLES = "the data set"


@dataclass(slots=True)
class Trail:
    """Which modules are running, and where tensors come from.

    places: layers, functions and mappings -> JSON path.
    names: the same -> what to call them.
    running: the modules that have begun and not ended, with their inputs.
    givers: id of a tensor -> the tensor, and what gave it.
    """

    places: Mapping[nn.Module, str]
    names: Mapping[nn.Module, str]
    running: list[tuple[nn.Module, Any]] = field(default_factory=list)
    givers: dict[int, tuple[Tensor, str]] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a pass."""
        self.running.clear()

    def start(self, views: Mapping[str, Tensor]) -> None:
        """Remember these views of samples, and no other tensor."""
        named = {view: f"view {view!r} of {SAMPLES}" if view else SAMPLES for view in views}
        self.givers = {id(values): (values, named[view]) for view, values in views.items()}

    def giver(self, values: Any) -> str | None:
        """Return what gave a tensor."""
        return self.givers.get(id(values), (None, None))[1]

    def problem(self, path: str, error: BaseException) -> Problem:
        """Return what to say of an error; `path` is where nothing nearer is known."""
        for module, inputs in reversed(self.running):
            if isinstance(module, ClassProbabilities) and module is self.running[-1][0]:
                return Problem(self.places[module.classifier], cause_of(error))
            if module in self.places:
                found, remedy = self._explained(module, inputs, error)
                return Problem(self.places[module], found, remedy)
        return Problem(path, cause_of(error))

    def _explained(self, module: nn.Module, inputs: Any, error: BaseException) -> tuple[str, str]:
        if isinstance(inputs, Tensor) and (wrong := misfit(module, inputs)):
            return self._mended(module, inputs, wrong)
        shape = tuple(inputs.shape) if isinstance(inputs, Tensor) else "unknown"
        source = f" from {giver}" if (giver := self.giver(inputs)) else ""
        *_, innermost = causes(error)
        found = f"fails on an input of shape {shape}{source}: {first_line(innermost)}"
        return f"{self.names[module]} {found}", ""

    def _mended(self, module: nn.Module, inputs: Tensor, wrong: Misfit) -> tuple[str, str]:
        """Return what to say of a misfit, and what would be right."""
        remedy = f'write "{wrong.key}": {wrong.given}, or change what comes before'
        if lacks_flatten(wrong, inputs):
            remedy = 'put {"type": "Flatten"} before it'
        whence = f"{giver} gives" if (giver := self.giver(inputs)) else "it gets"
        return (
            f"{self.names[module]} takes {wrong.taken} {wrong.noun}, {whence} {wrong.given}",
            remedy,
        )


@contextmanager
def watched(trail: Trail) -> Iterator[None]:
    """Inside the block the trail follows all modules."""

    def enter(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        trail.running.append((module, inputs[0] if inputs else None))

    def leave(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
        trail.running.pop()
        if isinstance(outputs, Tensor) and (name := _source(trail, module, inputs, outputs)):
            trail.givers[id(outputs)] = (outputs, name)

    handles = (
        hooks.register_module_forward_pre_hook(enter),
        hooks.register_module_forward_hook(leave),
    )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _source(
    trail: Trail, module: nn.Module, inputs: tuple[Any, ...], outputs: Tensor
) -> str | None:
    """Return what to call the giver of an output: what only passes a tensor on gives nothing."""
    given = inputs[0] if inputs else None
    passes_on = isinstance(module, nn.Flatten) or (
        isinstance(given, Tensor) and given.shape == outputs.shape
    )
    if passes_on and not isinstance(module, TrainableMapping) and (name := trail.giver(given)):
        return name
    return trail.names.get(module)


def names_of(config: MethodConfig, places: Mapping[nn.Module, str]) -> dict[nn.Module, str]:
    """Return what to call the parts: layers by name or type and mapping, mappings by name."""
    names: dict[str, str] = {}
    for mapping in config.mappings:
        names[mapping.path] = f"mapping {mapping.name!r}"
        for key in ("layers", "pre_processing_functions", "post_processing_functions"):
            for path, entry in objects_within(list(getattr(mapping, key)), f"{mapping.path}.{key}"):
                names[path] = f"{_called(entry)} of {mapping.name!r}"
    return {module: names[path] for module, path in places.items()}


def _called(entry: Options) -> str:
    if "function_name" in entry:
        return str(entry["function_name"])
    return f"layer {entry['name']!r}" if "name" in entry else f"layer {entry.get('type')}"
