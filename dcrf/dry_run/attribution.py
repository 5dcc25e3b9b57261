"""Collect what fails in a rehearsal, each at the nearest place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dcrf.builder.components import located
from dcrf.dry_run.module_trace import Trail
from dcrf.errors import ConfigError, Problem, causes

_ONLY_WITH_CONTENT = ("meta tensor", "device meta", "'meta'", "meta backend")


@dataclass(slots=True)
class Failures:
    """What fails in the passes over one data set.

    trail: what runs.
    problems: all so far, each once.
    is_cut: whether a pass has ended early without a problem, so that not all is known.
    lacks_centroids: whether failures outside of layers follow from that.
    """

    trail: Trail
    problems: list[Problem] = field(default_factory=list)
    is_cut: bool = False
    lacks_centroids: bool = False

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """Go on behind a block that fails; `path` is where nothing nearer is known."""
        self.trail.begin()
        try:
            with located(path, ""):
                yield
        except ConfigError as error:
            self._take(error, path)

    def add(self, *problems: Problem) -> None:
        """Remember problems."""
        self.problems += [problem for problem in problems if problem not in self.problems]

    def _take(self, error: ConfigError, path: str) -> None:
        cause = error.__cause__
        if cause is None or error.problems[0].path != path:
            self.add(*error.problems)
            return
        problem = self.trail.problem(path, cause)
        is_in_layer = problem.path != path
        if _needs_content(cause):
            self.is_cut = True
        elif is_in_layer or not self.lacks_centroids:
            self.add(problem)


def _needs_content(error: BaseException | None) -> bool:
    """Whether something cannot be done without content, so that nothing is known."""
    said = [str(cause).lower() for cause in causes(error)]
    return any(words in text for words in _ONLY_WITH_CONTENT for text in said)
