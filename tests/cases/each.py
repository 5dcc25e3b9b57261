"""One test for many files: an item per file and rule took a quarter of the tests' time."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


def for_each(files: Iterable[Path | str]) -> Callable[[Callable], Callable[[], None]]:
    """Make a test of a check of one file; it checks all of them and names each one that fails."""

    def decorate(check):
        def test():
            failures = []
            for file in files:
                try:
                    check(file)
                except (AssertionError, ValueError) as error:
                    failures.append(f"{file}: {error}")
            assert not failures, "\n".join(failures)

        return pytest.mark.every_file(test)

    return decorate
