"""What a schema cannot say: rules between the parts of a method file, and between it and the disk.

Each module here checks one subject, and has one function `problems`.
"""

from dcrf.config.checks import (
    classifiers,
    constructor_calls,
    cross_rules,
    input_files,
    names,
    optimizer_groups,
    order_of_phases,
    output_files,
    references,
)
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

_CHECKS = (
    references,
    names,
    cross_rules,
    classifiers,
    order_of_phases,
    optimizer_groups,
    input_files,
    output_files,
    constructor_calls,
)


def problems(nodes: Nodes) -> list[Problem]:
    """Return what all checks find in filled data of any shape."""
    return [problem for check in _CHECKS for problem in check.problems(nodes)]
