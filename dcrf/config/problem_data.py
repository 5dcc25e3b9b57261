"""Which data sets have clustering problems in place of samples, and which parts need them."""

from collections.abc import Mapping
from typing import Any

from dcrf.schema.registry import SOURCES

PROBLEMS = "problems"
"""The value of `x-batch` of sources that have clustering problems, and of parts that need them."""


def has_problems(dataset: Mapping[str, Any]) -> bool:
    """Whether a data set of a file, of any shape, has clustering problems."""
    return "class_problems" in dataset or is_problem_source(dataset.get("source"))


def is_problem_source(source: object) -> bool:
    """Whether a source has clustering problems by itself."""
    stem = SOURCES.stems.get(source) if isinstance(source, str) else None
    return stem is not None and SOURCES.schemas[stem].get("x-batch") == PROBLEMS
