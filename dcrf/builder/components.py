"""Make a component from its entry, by what its schema says about each key."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from dcrf.errors import ConfigError, Problem, cause_of
from dcrf.schema.registry import Registry

Parts = Mapping[str, Mapping[str, Any]]  # kind of reference -> name -> object


def build_component(
    registry: Registry,
    stem: str,
    options: Mapping[str, Any],
    parts: Parts,
    injected: Mapping[str, Any],
) -> Any:
    """Make a component of a registry.

    A key marked `x-refers-to` is a reference: `"encoder_name": "enc"` reaches the constructor
    as `encoder=parts["mapping"]["enc"]`. Of `injected` it gets what it asks for by name.
    """
    component = registry.resolve(stem)
    properties = registry.properties(stem)
    arguments = {}
    for key, value in options.items():
        if kind := properties[key].get("x-refers-to"):
            arguments[key.removesuffix("_name")] = parts[kind][value]
        else:
            arguments[key] = value
    wanted = inspect.signature(component).parameters.keys() - arguments.keys()
    return component(**arguments, **{name: injected[name] for name in wanted & injected.keys()})


@contextlib.contextmanager
def located(path: str, source: object) -> Iterator[None]:
    """Turn what a constructor says of its arguments into a problem at a JSON path."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(str(source), [Problem(path, cause_of(error))]) from error


At = Callable[[str], contextlib.AbstractContextManager[None]]
"""Says what becomes of an error in a block that makes the part at a JSON path."""


def raising(source: object) -> At:
    """Return what raises the problem of the first part that cannot be made."""
    return partial(located, source=source)


def collecting(problems: list[Problem]) -> At:
    """Return what adds the problems of all parts to a list, and goes on behind the block."""

    @contextlib.contextmanager
    def at(path: str) -> Iterator[None]:
        try:
            with located(path, ""):
                yield
        except ConfigError as error:
            problems.extend(error.problems)

    return at
