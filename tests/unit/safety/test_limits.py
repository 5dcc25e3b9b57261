"""The table of limits holds every limit, once, and the page shows it."""

import ast
from pathlib import Path

from dcrf.safety import limits

PACKAGE = Path(limits.__file__).parents[1]


def constants(file):
    """The names of upper case that a module assigns."""
    statements = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.Assign)]
    targets = [target for node in statements for target in node.targets]
    names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return {name.id for name in names if name.id.isupper()}


def test_every_limit_has_one_row():
    names = [row.name for row in limits.TABLE]

    assert {*names, "TABLE", "PAGE", "_BEGIN", "_END"} == constants(Path(limits.__file__))
    assert len(names) == len(set(names))


def test_a_row_shows_the_value_of_its_constant():
    units = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}
    for row in limits.TABLE:
        number, unit, *_ = [*row.value.replace(",", "").split(), ""]

        assert int(number) * units.get(unit, 1) == getattr(limits, row.name), row


def test_the_page_is_current():
    assert limits.PAGE.read_text(encoding="utf-8") == limits.page(), "run `make schema`"


def test_no_other_module_defines_a_limit():
    words = {"MOST", "LONGEST", "DEEPEST", "LARGEST", "BUDGET", "MAX", "LIMIT"}
    names = {name for file in PACKAGE.rglob("*.py") for name in constants(file)}

    # a share of one cluster, and the longest sleep that the system takes
    assert {n for n in names if words & set(n.split("_"))} == {"LARGEST_SHARE", "_LONGEST_WAIT"}
