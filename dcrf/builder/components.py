"""Make a component from its entry, by what its schema says about each key."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dcrf.errors import ConfigError, Problem
from dcrf.registry import Registry

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


@contextmanager
def located(path: str, source: object) -> Iterator[None]:
    """Turn what a constructor says of its arguments into a problem at a JSON path."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise ConfigError(str(source), [Problem(path, found)]) from error
