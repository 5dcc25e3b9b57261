"""Public modules, classes and functions have docstrings, which name existing arguments."""

import ast
import builtins
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import dcrf
from dcrf import errors
from tests.cases.each import for_each

PACKAGE = Path(dcrf.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*): ", re.MULTILINE)
SECTION = re.compile(r"^(?P<title>[A-Z]\w+):\n(?P<body>(?: {4}.*\n?|\n)+)", re.MULTILINE)

Documented = ast.Module | ast.ClassDef | ast.FunctionDef
every_file = for_each(FILES)


@dataclass(frozen=True)
class Place:
    """A module, class or function, and the class that it stands in."""

    node: Documented
    inside: ast.ClassDef | None = None

    @cached_property
    def text(self):
        return ast.get_docstring(self.node) or ""

    @property
    def name(self):
        return getattr(self.node, "name", "module")

    def entries(self, section=None):
        """The names that the docstring explains, in a section or at its margin."""
        bodies = [self.text] if section is None else self.section(section)
        lists = [match["names"] for body in bodies for match in ENTRY.finditer(body)]
        return {name for names in lists for name in names.split(", ")}

    def section(self, title):
        """The bodies of a section, without their indentation."""
        bodies = [m["body"] for m in SECTION.finditer(self.text + "\n") if m["title"] == title]
        return [re.sub(r"^ {4}", "", body, flags=re.MULTILINE) for body in bodies]


@cache
def public(file):
    """The file and its public classes, functions and methods."""
    tree = ast.parse(file.read_text())
    found = [Place(tree)]
    for node in members(tree):
        found.append(Place(node))
        if isinstance(node, ast.ClassDef):
            found += [Place(inner, node) for inner in members(node)]
    return found


def members(node):
    nodes = (n for n in node.body if isinstance(n, ast.ClassDef | ast.FunctionDef))
    return [n for n in nodes if not n.name.startswith("_")]


def functions(node):
    return {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}


def parameters(node):
    """The parameters of a function, or of a class's constructor."""
    function = functions(node).get("__init__") if isinstance(node, ast.ClassDef) else node
    if function is None:
        return {field.target.id for field in node.body if isinstance(field, ast.AnnAssign)}
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters += [a for a in (arguments.vararg, arguments.kwarg) if a]
    return {argument.arg for argument in parameters} - {"self", "cls"}


def attributes(node):
    """The names of fields, properties, methods and attributes of an instance."""
    fields = {n.target.id for n in node.body if isinstance(n, ast.AnnAssign)}
    own = {
        n.attr
        for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self"
    }
    return fields | own | functions(node).keys()


def kind_of(place, kind):
    return isinstance(place.node, kind)


def test_files_are_found():
    assert sum(len(public(file)) for file in FILES) > 200


@every_file
def test_everything_public_has_a_docstring(file):
    for place in public(file):
        assert place.text, place.name


@every_file
def test_the_first_line_is_a_sentence(file):
    for place in public(file):
        first, *rest = place.text.splitlines()

        assert first.endswith((".", "?")), place.name
        assert not rest or not rest[0], place.name


@every_file
def test_the_arguments_that_are_explained_are_the_real_ones(file):
    for place in public(file):
        if place.section("Args"):
            assert place.entries("Args") == parameters(place.node), place.name


@every_file
def test_the_fields_that_are_explained_are_real_ones(file):
    for place in public(file):
        if kind_of(place, ast.ClassDef):
            known = parameters(place.node) | attributes(place.node)

            assert place.entries() - {"Source"} <= known, place.name


@every_file
def test_sections_have_names_that_readers_know(file):
    known = {"Args", "Returns", "Raises", "Yields", "Formula", "Losses", "Shapes", "Source"}
    for place in public(file):
        assert {m["title"] for m in SECTION.finditer(place.text + "\n")} <= known, place.name


@every_file
def test_errors_that_are_promised_exist(file):
    module = public(file)[0].node
    own = {n.name for n in ast.walk(module) if isinstance(n, ast.ClassDef)}
    known = own | vars(errors).keys() | vars(builtins).keys()
    for place in public(file):
        if place.section("Raises"):
            assert place.entries("Raises"), place.name
            assert place.entries("Raises") <= known, place.name
