"""Shapes of tensors and numbers of parameters of a method, from its simulation."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from dcrf.builder.components import collecting
from dcrf.config.data_sizes import ShapeOfData
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays
from dcrf.dry_run.expected_data import (
    DEFAULT_VIEW,
    ExpectedData,
    expected_data,
    expected_data_sets,
)
from dcrf.dry_run.meta_stand_ins import MetaMethod
from dcrf.dry_run.simulate import simulate
from dcrf.dry_run.size_limits import number_problems
from dcrf.errors import ConfigError, Problem

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MappingShapes:
    """The shapes of a mapping, without the axis of samples; None if they are unknown.

    reads: of its input.
    writes: of its output.
    layers: of the output of each layer.
    layer_parameters: the number of parameters of each layer.
    parameters: that of the mapping; layers that share parameters count once.
    """

    reads: Shape | None
    writes: Shape | None
    layers: Sequence[Shape | None]
    layer_parameters: Sequence[int]
    parameters: int


@dataclass(frozen=True, slots=True)
class MethodShapes:
    """The shapes of a method.

    data: the expected data of each data set.
    mappings: name -> shapes.
    other_parts: name of a part that is no mapping -> the shapes of its tensors.
    problems: reasons why the method cannot run here, such as missing files.
    """

    data: Sequence[ExpectedData]
    mappings: Mapping[str, MappingShapes]
    other_parts: Mapping[str, Sequence[Shape]]
    problems: Sequence[Problem]


def method_shapes(config: MethodConfig) -> MethodShapes:
    """Return the shapes of a method. No sample is read, and layers of any size take no memory.

    Raises:
        ConfigError: the numbers of the file are too large, or a part cannot be built.
    """
    if problems := number_problems(config.mappings):
        raise ConfigError(config.source, problems)
    record = _Record()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run gives the same ones
        at = collecting(problems)
        data = expected_data_sets(config, at)
        problems += simulate(config, data, record.watch)
    return MethodShapes(data, record.mappings(), record.other_parts(), problems)


def sample_shape(dataset: DatasetConfig) -> Shape | None:
    """Return the shape of a sample in the default view, None if the data cannot be read."""
    expected = expected_data(dataset, (), collecting([]))
    return None if expected.shapes is None else expected.shapes[DEFAULT_VIEW]


def sample_shapes(
    datasets: Sequence[DatasetConfig], arrays: Arrays = NO_ARRAYS
) -> list[ShapeOfData]:
    """Return the shape of a sample of each data set, or why it is unknown. No sample is read.

    For clustering problems it is the shape of an object.

    Args:
        datasets: of a method.
        arrays: data handed over in Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run gives the same ones
        return [_shape_or_problem(dataset, arrays) for dataset in datasets]


def _shape_or_problem(dataset: DatasetConfig, arrays: Arrays) -> ShapeOfData:
    problems: list[Problem] = []
    default_view = replace(dataset, batch_augmentations={}, side_targets=None)
    expected = expected_data(default_view, (), collecting(problems), arrays)
    if expected.shapes is None:
        return problems
    shape = expected.shapes[DEFAULT_VIEW]
    return shape[1:] if dataset.has_problems else shape


@dataclass(slots=True)
class _Record:
    """Records the first shapes of modules in a simulation.

    methods: that have been built, one for each data set that starts anew.
    reads, writes: JSON path of a module -> shape.
    """

    methods: list[MetaMethod] = field(default_factory=list)
    reads: dict[str, Shape] = field(default_factory=dict)
    writes: dict[str, Shape] = field(default_factory=dict)

    def watch(self, method: MetaMethod) -> None:
        """Record the shapes of a method that is about to run."""
        self.methods.append(method)
        for module in method.places:
            module.register_forward_hook(self._leave)

    def _leave(self, module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
        path = self._path(module)
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        if inputs and isinstance(inputs[0], Tensor) and isinstance(outputs, Tensor):
            self.reads.setdefault(path, tuple(inputs[0].shape[1:]))
            self.writes.setdefault(path, tuple(outputs.shape[1:]))

    def _path(self, module: nn.Module) -> str:
        return self.methods[-1].places[module]

    def mappings(self) -> dict[str, MappingShapes]:
        """Return the shapes of all mappings by name."""
        built = self.methods[-1]
        shapes = {}
        for name, mapping in built.method.mappings.items():
            path = built.places[mapping]
            layers = [self.writes.get(built.places[layer]) for layer in mapping.net]
            own = [_number(layer) for layer in mapping.net]
            shapes[name] = MappingShapes(
                self.reads.get(path), self.writes.get(path), layers, own, _number(mapping)
            )
        return shapes

    def other_parts(self) -> dict[str, list[Shape]]:
        """Return the shapes of tensors of the parts that are no mappings."""
        method = self.methods[-1].method
        return {
            name: [tuple(t.shape) for t in part.state_dict().values() if _is_sized(t)]
            for name, part in method.parts.items()
            if name not in method.mappings
        }


def _is_sized(value: Any) -> bool:
    return isinstance(value, Tensor) and not is_lazy(value) and value.numel() > 0


def _number(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if not is_lazy(p))
