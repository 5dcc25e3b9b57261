"""Collect errors as problems, each attributed to the layer in which it occurs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor, nn

from dcrf.builder.components import located
from dcrf.dry_run.module_trace import ModuleTrace
from dcrf.dry_run.saved_parameters import UnknownContentError
from dcrf.dry_run.width_mismatch import find_mismatch
from dcrf.errors import ConfigError, OutputShapeError, Problem, cause_of, causes, first_line

_META_MESSAGES = ("meta tensor", "device meta", "'meta'", "meta backend")


@dataclass(slots=True)
class ErrorCollector:
    """Collects the errors of the passes over one data set.

    trace: the modules that are running when an error occurs.
    problems: in the order of the passes, each once.
    only_in_layers: ignore errors outside of layers, which follow from an earlier one.
    is_cut: whether a pass ended early without a problem, because it needed values of tensors.
    """

    trace: ModuleTrace
    problems: list[Problem] = field(default_factory=list)
    only_in_layers: bool = False
    is_cut: bool = False

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """Collect the error of a block, at `path` unless a layer or an entry is nearer."""
        self.trace.reset()
        try:
            with located(path, ""):
                yield
        except ConfigError as error:
            self._collect(error, path)

    def add(self, *problems: Problem) -> None:
        """Add those problems that are new."""
        self.problems += [problem for problem in problems if problem not in self.problems]

    def _collect(self, error: ConfigError, path: str) -> None:
        cause = error.__cause__
        if cause is None or error.problems[0].path != path:  # a nested block has located it
            self.add(*error.problems)
        elif _needs_values(cause):
            self.is_cut = True
        elif problem := self._problem_of_layer(cause):
            self.add(problem)
        elif not self.only_in_layers:
            self.add(Problem(path, cause_of(cause)))

    def _problem_of_layer(self, error: BaseException) -> Problem | None:
        """Return the problem of the innermost running layer or mapping, None outside of them."""
        places = self.trace.places
        for cause in causes(error):
            if isinstance(cause, OutputShapeError):
                for module, place in places.items():
                    if module is cause.mapping:
                        return Problem(place, str(cause))
        for module, values in reversed(self.trace.running):
            if module in places:
                return self._rejected_input(module, values, error)
        return None

    def _rejected_input(self, module: nn.Module, values: object, error: BaseException) -> Problem:
        place, name = self.trace.places[module], self.trace.names[module]
        producer = self.trace.producer(values)
        if isinstance(values, Tensor) and (mismatch := find_mismatch(module, values)):
            source = f"{producer} gives" if producer else "it gets"
            text = f"{name} takes {mismatch.expected}, {source} {mismatch.actual}"
            return Problem(place, text, mismatch.remedy)
        shape = tuple(values.shape) if isinstance(values, Tensor) else "unknown"
        source = f" from {producer}" if producer else ""
        *_, innermost = causes(error)
        text = f"{name} fails on an input of shape {shape}{source}: {first_line(innermost)}"
        return Problem(place, text)


def _needs_values(error: BaseException) -> bool:
    """Whether an operation needs values that a tensor on the meta device or a file lacks."""
    for cause in causes(error):
        if isinstance(cause, UnknownContentError):
            return True
        if any(words in str(cause).lower() for words in _META_MESSAGES):
            return True
    return False
