"""Find the class of a configured name: a schema and a module with the same stem."""

import inspect
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dcrf.schema.package_data import SCHEMA, json_content, json_files


class Registry:
    """Components of one kind, read from a schema folder and a package.

    A component is imported only when it is resolved, so listing names needs no torch. Its names
    are the `enum` of its schema's property `key`.

    Args:
        kind: the name of the kind. `schema/<kind>.json` leads from a name to its schema.
        package: the package of the modules.
        folder: the folder with a schema for each module, in `schema/`.
        key: the key of a method file that names a component.
        within: the schema file with the keys that the entry of any component may have. The
            schema of a component then has its own keys only, and `schema/<kind>.json` refuses all
            others. A component without `within` closes its schema itself.
    """

    def __init__(
        self, kind: str, package: str, folder: str, key: str, within: str | None = None
    ) -> None:
        self.kind, self.package, self.folder, self.key = kind, package, SCHEMA / folder, key
        self.within = within

    @cached_property
    def schemas(self) -> Mapping[str, dict[str, Any]]:
        """Module stem -> schema."""
        return {file.stem: _content(file) for file in json_files(self.folder)}

    @cached_property
    def stems(self) -> Mapping[str, str]:
        """Configured name -> module stem. The names are all phrases and the stem."""
        names = {s: schema["properties"][self.key]["enum"] for s, schema in self.schemas.items()}
        return {name: stem for stem, phrases in names.items() for name in phrases}

    @cached_property
    def shared_keys(self) -> tuple[str, ...]:
        """The keys that the entry of any component may have."""
        if self.within is None:
            return ()
        return tuple(_content(SCHEMA / self.within)["properties"])

    def properties(self, stem: str) -> dict[str, dict[str, Any]]:
        """Return key -> schema of a component, with references resolved."""
        own = self.schemas[stem]["properties"]
        return {key: self._resolved(stem, schema) for key, schema in own.items()}

    def entry(self, value: Any) -> Mapping[str, Any]:
        """Return the entry that a value of a file means.

        An object is an entry, a string is its name, and anything else is short for the entry with
        that value under the key marked `x-short`.
        """
        if isinstance(value, Mapping):
            return value
        if isinstance(value, str):
            return {self.key: value}
        stem, key = self._short
        return {self.key: stem, key: value}

    @cached_property
    def _short(self) -> tuple[str, str]:
        """The component that a plain value is short for, and the key of that value."""
        return next(
            (stem, key)
            for stem in self.schemas
            for key, keywords in self.properties(stem).items()
            if keywords.get("x-short")
        )

    def _resolved(self, stem: str, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return schema
        file, pointer = schema["$ref"].split("#/")
        target = _content(self.folder / (file or f"{stem}.json"))
        for key in pointer.split("/"):
            target = target[key]
        return target

    def resolve(self, name: str) -> type:
        """Return the public class of the component with a configured name.

        Raises:
            LookupError: unknown name; a checked configuration has none.
        """
        return _public_class(f"{self.package}.{self.stems[name]}")


class ModuleRegistry:
    """Components of one kind whose keys are the arguments of their constructors.

    Such a component has no schema file: its name is the stem of its module.

    Args:
        kind: the name of the kind.
        package: the package of the modules. Its module `base` is no component.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self.folder = Path(__file__).parents[2].joinpath(*package.split("."))

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The names of the components, sorted."""
        stems = {file.stem for file in self.folder.glob("*.py")}
        return tuple(sorted(stems - {"__init__", "base"}))

    def resolve(self, name: str) -> type:
        """Return the public class of a component.

        Raises:
            LookupError: unknown name; a checked configuration has none.
        """
        if name not in self.stems:
            raise LookupError(f"no {self.kind} is called {name!r}")
        return _public_class(f"{self.package}.{name}")


@cache
def _content(file: Path) -> dict[str, Any]:
    """Return the content of a schema file, which nobody may change."""
    content: dict[str, Any] = json_content(file)
    return content


def _public_class(module_name: str) -> type:
    module = import_module(module_name)
    (component,) = (
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__ and not member.__name__.startswith("_")
    )
    return component


DESIGN_PATTERNS = Registry("design_pattern", "dcrf.design_patterns", "design_patterns", "pattern")
STRATEGIES = Registry(
    "cluster_assignment_strategy", "dcrf.assignment", "cluster_assignment_strategies", "type"
)
CLUSTERINGS = Registry("clustering", "dcrf.clusterings", "clusterings", "method")
CLUSTERING_STEPS = Registry("clustering_step", "dcrf.clusterings.steps", "clustering_steps", "type")
SOURCES = Registry("source", "dcrf.data.sources", "sources", "source", within="dataset.json")
METRICS = Registry("metric", "dcrf.evaluation.metrics", "metrics", "metric")
SCHEDULES = Registry("schedule", "dcrf.schedules", "schedules", "schedule")
SAMPLINGS = Registry("sampling", "dcrf.data.sampling", "sampling", "type")

KINDS: Mapping[str, Registry] = MappingProxyType(
    {
        registry.kind: registry
        for registry in (
            DESIGN_PATTERNS,
            STRATEGIES,
            CLUSTERINGS,
            CLUSTERING_STEPS,
            SOURCES,
            METRICS,
            SCHEDULES,
            SAMPLINGS,
        )
    }
)
"""Kind -> registry. A key marked `"x-component": "<kind>"` holds an entry of that kind."""

LAYERS = ModuleRegistry("layer", "dcrf.mappings.layers")
"""The layers of our own, which files name beside those of torch.nn."""

BLOCKS = ModuleRegistry("block", "dcrf.config.blocks")
"""Blocks of layers, which files name like layers."""

TRACKERS = ModuleRegistry("tracker", "dcrf.tracking")
"""Programs that show the curves of many runs."""

EXECUTORS = ModuleRegistry("executor", "dcrf.executors")
"""Where the runs of an invocation are executed."""

TRANSFORMS = ModuleRegistry("transform", "dcrf.data.transforms.own")
"""The transforms of our own, which files name beside those of torchvision."""
