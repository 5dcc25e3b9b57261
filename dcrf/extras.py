"""Import optional packages when a part needs them."""

from importlib import import_module
from typing import Any

from dcrf.errors import DataError


def optional_package(name: str, extra: str) -> Any:
    """Return a package.

    Args:
        name: of the package.
        extra: the extra of dcrf that installs it.

    Raises:
        DataError: the package is not installed.
    """
    try:
        package = import_module(name)
        if package.__file__ is None:  # a folder of this name, such as ./datasets, and no package
            raise ImportError(f"No module named '{name}'")
        return package
    except ImportError as error:
        raise DataError(
            f"the package {name} cannot be imported ({error}); install it by: "
            f"pip install 'dcrf[{extra}]'"
        ) from error
