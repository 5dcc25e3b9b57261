"""Rules beyond the schema: between the parts of a method file, and between it and the disk.

Each module checks one subject and has one function `problems`.
"""

from dcrf.config.rules import (
    classifiers,
    components,
    cross_rules,
    frozen_parts,
    input_files,
    layer_references,
    optimizers,
    other_datasets,
    output_files,
    phase_order,
    problem_data,
    references,
    schedules,
    side_targets,
    torch_calls,
    unique_names,
)
from dcrf.config.schema_lookup import Nodes
from dcrf.errors import Problem

_RULES = (
    references,
    layer_references,
    unique_names,
    cross_rules,
    classifiers,
    components,
    phase_order,
    optimizers,
    frozen_parts,
    schedules,
    side_targets,
    problem_data,
    other_datasets,
    input_files,
    layer_references,
    output_files,
    torch_calls,
)


def problems(nodes: Nodes, check_inputs: bool = True) -> list[Problem]:
    """Return the problems that all rules find in filled data of any shape.

    Args:
        nodes: of the method.
        check_inputs: whether the files and folders that it reads must exist.
    """
    rules = [rule for rule in _RULES if check_inputs or rule is not input_files]
    return [problem for rule in rules for problem in rule.problems(nodes)]
