"""Build a component from its entry and the annotations of its schema."""

import contextlib
import inspect
import keyword
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from dcrf.errors import ConfigError, Problem, cause_of
from dcrf.schema.registry import KINDS, Registry

Parts = Mapping[str, Mapping[str, Any]]
"""Kind of reference -> name -> object."""
NO_PARTS: Parts = MappingProxyType({})


def build_component(
    registry: Registry,
    stem: str,
    options: Mapping[str, Any],
    parts: Parts,
    injected: Mapping[str, Any],
) -> Any:
    """Build a component of a registry.

    Args:
        registry: of its kind.
        stem: its module.
        options: its keys in the file, with their values.
        parts: the objects that a key marked `x-refers-to` names. `"encoder_name": "enc"` reaches
            the constructor as `encoder=parts["mapping"]["enc"]`. The value of a key marked
            `x-component`, an entry of another kind or a list of them, reaches it as components.
            Components of a key marked `x-wraps` do not: they wrap the built component, the first
            one outermost.
        injected: constructor arguments by name. Those that the constructor lacks are ignored.
    """
    return call(registry.resolve(stem), registry.properties(stem), options, parts, injected)


def call(
    component: Callable[..., Any],
    properties: Mapping[str, Mapping[str, Any]],
    options: Mapping[str, Any],
    parts: Parts,
    injected: Mapping[str, Any],
) -> Any:
    """Call a component with its options. `properties` are the schemas of its keys."""
    arguments, wrappers = {}, []
    for key, value in options.items():
        if kind := properties[key].get("x-refers-to"):
            arguments[key.removesuffix("_name")] = parts[kind][value]
        elif kind := properties[key].get("x-component"):
            built = build_entry(KINDS[kind], value, parts, injected)
            if properties[key].get("x-wraps"):
                wrappers += built
            else:
                arguments[_parameter(key)] = built
        else:
            arguments[_parameter(key)] = value
    wanted = inspect.signature(component).parameters.keys() - arguments.keys()
    result = component(**arguments, **{name: injected[name] for name in wanted & injected.keys()})
    for wrapper in reversed(wrappers):
        result = wrapper.wrap(result)
    return result


def build_entry(
    registry: Registry, value: Any, parts: Parts = NO_PARTS, injected: Mapping[str, Any] = NO_PARTS
) -> Any:
    """Build the component of an entry, a tuple of components of a list of entries.

    Args:
        registry: of their kind.
        value: in the file, with its name.
        parts: as in `build_component`.
        injected: as in `build_component`.
    """
    if isinstance(value, list | tuple):
        return tuple(build_entry(registry, item, parts, injected) for item in value)
    entry = registry.entry(value)
    options = {key: item for key, item in entry.items() if key != registry.key}
    return build_component(registry, registry.stems[entry[registry.key]], options, parts, injected)


def _parameter(key: str) -> str:
    """Return the parameter of a key: `from_` for `from`, which Python keeps for itself."""
    return f"{key}_" if keyword.iskeyword(key) else key


@contextlib.contextmanager
def located(path: str, source: object) -> Iterator[None]:
    """Turn any exception of the block into a ConfigError at a JSON path."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(str(source), [Problem(path, cause_of(error))]) from error


At = Callable[[str], contextlib.AbstractContextManager[None]]
"""JSON path -> context that handles an error of the part at that path."""


def raising(source: object) -> At:
    """Return a handler that raises the first error as a ConfigError."""
    return partial(located, source=source)


def collecting(problems: list[Problem]) -> At:
    """Return a handler that appends errors to `problems` and continues after the block."""

    @contextlib.contextmanager
    def at(path: str) -> Iterator[None]:
        try:
            with located(path, ""):
                yield
        except ConfigError as error:
            problems.extend(error.problems)

    return at
