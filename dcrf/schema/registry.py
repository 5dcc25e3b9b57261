"""Find the class behind a configured name. A schema and a module of one stem are a component."""

import inspect
import json
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parents[2] / "schema"


class Registry:
    """Components of one kind, found by looking at a schema folder and a package.

    Nothing registers itself and nothing is imported until it is resolved, so listing names
    needs no torch. A component's names are the `enum` of its schema's property `key`.
    """

    def __init__(self, package: str, folder: str, key: str) -> None:
        self.package, self.folder, self.key = package, SCHEMA / folder, key

    @cached_property
    def schemas(self) -> Mapping[str, dict[str, Any]]:
        """Module stem -> schema."""
        return {f.stem: json.loads(f.read_text()) for f in sorted(self.folder.glob("*.json"))}

    @cached_property
    def stems(self) -> Mapping[str, str]:
        """Configured name -> module stem; every phrase and the stem itself."""
        names = {s: schema["properties"][self.key]["enum"] for s, schema in self.schemas.items()}
        return {name: stem for stem, phrases in names.items() for name in phrases}

    def properties(self, stem: str) -> dict[str, dict[str, Any]]:
        """Return the keys of a component, each with its schema, references followed."""
        own = self.schemas[stem]["properties"]
        return {key: self._followed(schema) for key, schema in own.items()}

    def _followed(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return schema
        file, pointer = schema["$ref"].split("#/")
        target = json.loads((self.folder / file).read_text())
        for key in pointer.split("/"):
            target = target[key]
        return target

    def resolve(self, name: str) -> type:
        """Return the one public class of the component that is configured by `name`.

        Raises:
            LookupError: no component has that name (a validated file never asks for one).
        """
        module = import_module(f"{self.package}.{self.stems[name]}")
        (found,) = (
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if member.__module__ == module.__name__ and not member.__name__.startswith("_")
        )
        return found


DESIGN_PATTERNS = Registry("dcrf.design_patterns", "design_patterns", "pattern")
STRATEGIES = Registry("dcrf.assignment", "cluster_assignment_strategies", "type")
