"""Short busy-waiting of OpenMP threads.

Long busy-waiting multiplies the run time on a busy machine, and gains nothing on an idle one.
OpenMP reads the environment when torch is imported.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_SPIN_COUNT = "GOMP_SPINCOUNT"


def shorten_spinning() -> None:
    """Shorten it in this process and its children, unless the user sets it."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault(_SPIN_COUNT, "4000")


@contextmanager
def short_spinning() -> Iterator[None]:
    """Shorten it for libraries that are imported in the block; leave the environment as it was."""
    is_set = _SPIN_COUNT in os.environ
    shorten_spinning()
    try:
        yield
    finally:
        if not is_set:
            os.environ.pop(_SPIN_COUNT, None)
