"""Watch what runs inside what, so that a failure can be laid to one layer."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.nn.modules import module as hooks

from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.config.method_config import MethodConfig, Options
from dcrf.config.safe_lookup import objects_within
from dcrf.dry_run.width_mismatch import Misfit, fitting, lacks_flatten, misfit
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
    on_misfit: gets to know of a layer that takes another number of features or channels than it
        gets; it goes on as if it got what it takes, so that what comes behind it is seen too.
    unchanged: of the running layers that give as many features as they get, and get what does
        not suit them, what they are to give.
    """

    places: Mapping[nn.Module, str]
    names: Mapping[nn.Module, str]
    running: list[tuple[nn.Module, Any]] = field(default_factory=list)
    givers: dict[int, tuple[Tensor, str]] = field(default_factory=dict)
    on_misfit: Callable[[Problem], None] = lambda _: None
    unchanged: dict[nn.Module, Tensor] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a pass."""
        self.running.clear()
        self.unchanged.clear()

    def start(self, views: Mapping[str, Tensor]) -> None:
        """Remember these views of samples, and no other tensor."""
        named = {view: f"view {view!r} of {SAMPLES}" if view else SAMPLES for view in views}
        self.givers = {id(values): (values, named[view]) for view, values in views.items()}

    def giver(self, values: Any) -> str | None:
        """Return what gave a tensor."""
        return self.givers.get(id(values), (None, None))[1]

    def replaced(self, module: nn.Module, given: Any) -> tuple[Tensor] | None:
        """Return what a module that begins gets instead, None where it gets what it is given."""
        if module not in self.places or not isinstance(given, Tensor):
            return None
        values = fitting(module, given)
        if values is None:
            return None
        if wrong := misfit(module, given):
            self.on_misfit(Problem(self.places[module], *self._mended(module, given, wrong)))
        if not hasattr(module, "in_features") and not hasattr(module, "in_channels"):
            self.unchanged[module] = given  # a normalization
        return (values,)

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

    def enter(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Tensor] | None:
        given = inputs[0] if inputs else None
        trail.running.append((module, given))
        return trail.replaced(module, given)

    def leave(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> Any:
        trail.running.pop()
        outputs = trail.unchanged.pop(module, outputs)
        if isinstance(outputs, Tensor) and (name := _source(trail, module, inputs, outputs)):
            trail.givers[id(outputs)] = (outputs, name)
        return outputs

    handles = (
        hooks.register_module_forward_pre_hook(enter),  # type: ignore[arg-type] # may give values
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
