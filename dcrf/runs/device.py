"""The torch device of a run."""

import torch

from dcrf.config.rules.suggestions import closest
from dcrf.errors import DcrfError, first_line

_EXAMPLES = "use for example cpu, cuda, cuda:1 or cuda_if_available"
_DEVICE_NAMES = ("cpu", "cuda", "mps", "xpu", "cuda_if_available")


def resolve_device(name: str) -> str:
    """Return the torch device to run on: `cuda_if_available` becomes `cuda` or `cpu`.

    Raises:
        DcrfError: torch does not know the device, or this machine does not have it.
    """
    if name == "cuda_if_available":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(name)
    except RuntimeError as error:
        guess = "cuda" if name.casefold().startswith("gpu") else closest(name, _DEVICE_NAMES)
        remedy = f"did you mean {guess!r}?" if guess else _EXAMPLES
        raise DcrfError(f"{name!r} is not a torch device; {remedy}") from error
    try:
        torch.zeros(1, device=name).item()  # fails for devices without memory, such as meta
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        cause = first_line(error).split(". ")[0]  # torch lists all backends after it
        raise DcrfError(f"the device {name!r} cannot be used here: {cause}; {_EXAMPLES}") from error
    return name
