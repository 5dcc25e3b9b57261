"""Public names are used, exist in the packages that list them, and are readable."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import dcrf
from dcrf.schema.registry import BLOCKS, EXECUTORS, KINDS, LAYERS, TRACKERS, TRANSFORMS
from tests.cases.each import for_each

PACKAGE = Path(dcrf.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
COMPONENTS = {
    PACKAGE.parent.joinpath(*registry.package.split("."), f"{stem}.py")
    for registry in KINDS.values()
    for stem in registry.schemas
}
COMPONENTS |= {
    registry.folder / f"{stem}.py"
    for registry in (LAYERS, BLOCKS, EXECUTORS, TRACKERS, TRANSFORMS)
    for stem in registry.stems
}
UNCLEAR_WORDS = {"cfg", "util", "utils", "tmp", "misc", "manager", "helper", "impl", "foo"}

every_file = for_each(FILES)


@cache
def tree_of(file):
    return ast.parse(file.read_text())


def defined(file):
    """The functions and classes at the top of a file."""
    return [n for n in tree_of(file).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]


def uses():
    """Every name that is read anywhere: (name, file, line)."""
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Name):
                yield node.id, file, node.lineno
            elif isinstance(node, ast.Attribute):
                yield node.attr, file, node.lineno
            elif isinstance(node, ast.ImportFrom):
                yield from ((alias.name, file, node.lineno) for alias in node.names)


def words(name):
    return set(re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_"))


def test_everything_that_is_defined_is_used():
    """Code that only tests call counts as dead."""
    used = {}
    for name, file, line in uses():
        used.setdefault(name, []).append((file, line))
    for file in FILES:
        if file in COMPONENTS:  # found by their names in method files
            continue
        for node in defined(file):
            if node.name.startswith("__"):  # called by Python
                continue
            own_lines = range(node.lineno, node.end_lineno + 1)
            elsewhere = [
                u for u in used.get(node.name, ()) if u[0] != file or u[1] not in own_lines
            ]

            assert elsewhere, f"{file}: {node.name}"


@every_file
def test_private_names_stay_in_their_file(file):
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.ImportFrom):
            assert not [alias.name for alias in node.names if alias.name.startswith("_")]


@for_each(sorted(COMPONENTS))
def test_a_component_has_one_public_class_and_no_public_function(file):
    (only,) = (node for node in defined(file) if not node.name.startswith("_"))

    assert isinstance(only, ast.ClassDef)
    assert only.name == "".join(word.capitalize() for word in file.stem.split("_"))


@every_file
def test_names_say_what_they_name(file):
    tree = tree_of(file)
    names = {file.stem, *(n.arg for n in ast.walk(tree) if isinstance(n, ast.arg))}
    names |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}

    assert not {name for name in names if words(name) & UNCLEAR_WORDS}


@pytest.mark.parametrize("package", ["dcrf", "dcrf.config", "dcrf.builder"])
def test_a_package_has_the_names_of_its_all(package):
    module = import_module(package)

    assert module.__all__ == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)


def test_only_these_packages_offer_names_of_their_modules():
    offering = {
        f.parent.name for f in FILES if f.name == "__init__.py" and "__all__" in f.read_text()
    }

    assert offering == {"dcrf", "config", "builder"}
