"""A framework for recombining deep clustering methods."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dcrf.runs.spinning import short_spinning

if TYPE_CHECKING:
    from dcrf.api import Result, run
    from dcrf.config import load_checked
    from dcrf.errors import ConfigError, DataError, DcrfError, TrainingError
    from dcrf.estimator import DeepClustering

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "DataError",
    "DcrfError",
    "DeepClustering",
    "Result",
    "TrainingError",
    "__version__",
    "load_checked",
    "run",
]

_MODULES = {
    "DeepClustering": "dcrf.estimator",
    "Result": "dcrf.api",
    "load_checked": "dcrf.config",
    "run": "dcrf.api",
}
"""Name -> its module, for all that are not errors."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, since torch takes seconds."""
    if name not in __all__:
        raise AttributeError(f"module 'dcrf' has no attribute {name!r}")
    with short_spinning():
        value = getattr(import_module(_MODULES.get(name, "dcrf.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
