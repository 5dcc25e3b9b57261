"""Write out blocks of layers: the entry `{"type": "mlp", ...}` becomes the layers it stands for.

A block may stand in any list of layers. Behind this module none is left in a valid method.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from dcrf.config.json_paths import child, moved
from dcrf.config.rules.torch_signatures import check_call, with_integers
from dcrf.config.safe_lookup import objects, text
from dcrf.errors import OptionError, Problem
from dcrf.schema.registry import BLOCKS


class _Origin(NamedTuple):
    """The path in the file of a layer that was moved or written out, and whether by a block."""

    path: str
    is_block: bool


@dataclass(frozen=True, slots=True)
class Origins:
    """The places in a file from which layers come.

    of_layers: JSON path of a layer -> its origin. Layers at their places are not in it.
    """

    of_layers: dict[str, _Origin] = field(default_factory=dict)

    def as_written(self, path: str) -> str:
        """Return the path in the file of a value: that of a block for layers written out."""
        around = [place for place in self.of_layers if moved(path, place, "") != path]
        if not around:
            return path
        place = max(around, key=len)
        origin = self.of_layers[place]
        return origin.path if origin.is_block else moved(path, place, origin.path)

    def located(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return problems of a method without blocks at their paths in the file."""
        return [replace(problem, path=self.as_written(problem.path)) for problem in problems]


def write_out(method: dict[str, Any]) -> tuple[list[Problem], Origins]:
    """Replace blocks by their layers, in place; return problems, and the places of blocks.

    A block that has a problem stays as it is.

    Args:
        method: possibly invalid.
    """
    blocks = _Blocks()
    for path, mapping in objects(method, "mappings"):
        if "layers" in mapping:
            layers = child(path, "layers")
            mapping["layers"] = blocks.written_out(mapping["layers"], layers, layers)
    return blocks.problems, blocks.origins


def origins(data: Mapping[str, Any]) -> Origins:
    """Return the places from which the layers of a method come once its blocks are written out.

    Args:
        data: the method as in the file.
    """
    return write_out({"mappings": deepcopy(data.get("mappings"))})[1]


@dataclass(frozen=True, slots=True)
class _Blocks:
    problems: list[Problem] = field(default_factory=list)
    origins: Origins = field(default_factory=Origins)

    def written_out(self, value: Any, path: str, origin: str) -> Any:
        """Return a value with layers in place of the blocks in its lists, at any depth.

        Args:
            value: a list of layers, a layer or an argument.
            path: its place when all blocks are written out.
            origin: its place in the file.
        """
        if isinstance(value, dict):
            return {
                key: self._argument(item, child(path, key), child(origin, key))
                for key, item in value.items()
            }
        if not isinstance(value, list):
            return value
        items: list[Any] = []
        for index, item in enumerate(value):
            first, place = len(items), child(origin, index)
            layers = self._layers(item, child(path, first))
            if layers is None:
                items.append(self.written_out(item, child(path, first), place))
                if first != index:
                    self.origins.of_layers[child(path, first)] = _Origin(place, is_block=False)
            else:
                items += layers
                for number in range(first, len(items)):
                    self.origins.of_layers[child(path, number)] = _Origin(place, is_block=True)
        return items

    def _argument(self, value: Any, path: str, origin: str) -> Any:
        if _is_block(value) and not _call_problems(value, path):
            message = f"{value['type']!r} is a block of layers, which is not an argument"
            self.problems.append(Problem(path, message, "write it into a list of layers"))
        return self.written_out(value, path, origin)

    def _layers(self, entry: Any, path: str) -> list[dict[str, Any]] | None:
        """Return the layers of a block; None if the entry is another one, or has a problem."""
        if not _is_block(entry) or _call_problems(entry, path):  # the rule of calls reports it
            return None
        kind, name = entry["type"], text(entry, "name")
        arguments = with_integers("layers", kind, _arguments(entry))
        try:
            layers = BLOCKS.resolve(kind)(**arguments).layers()
        except OptionError as error:
            self.problems.append(Problem(child(path, error.key), str(error)))
            return None
        return [_named(layer, name) for layer in layers]


def _is_block(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("type") in BLOCKS.stems


def _arguments(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in ("type", "name")}


def _call_problems(entry: Mapping[str, Any], path: str) -> list[Problem]:
    return check_call("layers", entry["type"], _arguments(entry), path)


def _named(layer: dict[str, Any], block: str | None) -> dict[str, Any]:
    """Return a layer with `block.role` in place of its role, and no name in an unnamed block."""
    role = layer.pop("name")
    return (
        layer if block is None else {"type": layer.pop("type"), "name": f"{block}.{role}", **layer}
    )
