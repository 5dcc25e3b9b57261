"""Imports go one way; global generators and catch-alls stay where they are stated."""

import ast
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import dcrf
from dcrf.schema.registry import DESIGN_PATTERNS
from tests.cases.each import for_each

PACKAGE = Path(dcrf.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


MAY_IMPORT = {
    "__init__": {"api", "config", "errors", "estimator", "runs"},
    "batch": set(),
    "errors": set(),
    "extras": {"errors"},
    "functional": set(),
    "randomness": set(),
    "clusterings": {"storage", "errors", "extras", "functional", "randomness", "safety"},
    "safety": {"errors"},
    "schedules": {"batch", "functional"},
    "selection": {"functional"},
    "reporting": {"errors", "safety", "schema", "tracking"},
    "tracking": {"extras", "storage"},
    "storage": {"errors", "safety"},
    "schema": {"storage"},
    "config": {"errors", "safety", "schema"},
    "data": {"batch", "errors", "extras", "randomness", "safety", "schema", "storage"},
    "parallel": {"errors"},
    "mappings": {"batch", "errors", "functional", "parallel", "schema", "storage"},
    "assignment": {
        "batch",
        "clusterings",
        "errors",
        "functional",
        "mappings",
        "randomness",
        "schedules",
        "storage",
    },
    "design_patterns": {
        "assignment",
        "batch",
        "clusterings",
        "errors",
        "functional",
        "mappings",
        "randomness",
        "schedules",
        "storage",
    },
    "evaluation": {"assignment", "batch", "errors", "functional", "randomness"},
    "training": {
        "assignment",
        "batch",
        "design_patterns",
        "errors",
        "evaluation",
        "mappings",
        "parallel",
        "pictures",
        "randomness",
        "reporting",
        "schedules",
        "storage",
    },
    "builder": {
        "clusterings",
        "assignment",
        "batch",
        "config",
        "data",
        "errors",
        "evaluation",
        "functional",
        "mappings",
        "randomness",
        "reporting",
        "schedules",
        "schema",
        "storage",
        "training",
    },
    "dry_run": {
        "assignment",
        "batch",
        "builder",
        "clusterings",
        "config",
        "data",
        "errors",
        "evaluation",
        "mappings",
        "randomness",
        "reporting",
        "safety",
        "schema",
        "storage",
        "training",
    },
    "pictures": {"config", "errors", "functional", "reporting", "storage"},
    "runs": {
        "assignment",
        "batch",
        "builder",
        "config",
        "data",
        "errors",
        "evaluation",
        "extras",
        "functional",
        "mappings",
        "parallel",
        "pictures",
        "randomness",
        "reporting",
        "schema",
        "selection",
        "storage",
        "tracking",
        "training",
    },
    "executors": {
        "config",
        "errors",
        "extras",
        "parallel",
        "reporting",
        "runs",
        "storage",
        "training",
    },
    "recombination": {
        "config",
        "dry_run",
        "errors",
        "extras",
        "functional",
        "reporting",
        "runs",
        "safety",
        "schema",
        "storage",
    },
    "reproduction": {
        "config",
        "errors",
        "functional",
        "report",
        "reporting",
        "runs",
        "schema",
        "storage",
    },
    "report": {
        "builder",
        "config",
        "data",
        "errors",
        "extras",
        "functional",
        "pictures",
        "randomness",
        "reporting",
        "runs",
        "safety",
        "schema",
        "storage",
    },
    "embedding": {
        "builder",
        "config",
        "data",
        "errors",
        "extras",
        "mappings",
        "randomness",
        "runs",
        "storage",
    },
    "api": {
        "batch",
        "builder",
        "config",
        "data",
        "dry_run",
        "errors",
        "evaluation",
        "randomness",
        "reporting",
        "runs",
        "schema",
        "training",
    },
    "estimator": {"api", "config", "data", "errors", "runs", "schema"},
    "cli": {
        "__init__",
        "config",
        "dry_run",
        "embedding",
        "errors",
        "executors",
        "pictures",
        "recombination",
        "report",
        "reporting",
        "reproduction",
        "runs",
        "schema",
        "storage",
    },
    "__main__": {"cli"},
}
"""Part of the package -> the other parts that it may import."""

LIMITS = "dcrf.safety.limits"
"""Any part may import it."""

WITHOUT_TORCH = (
    "dcrf.errors",
    "dcrf.schema.registry",
    "dcrf.schema.bundle",
    "dcrf.schema.default_metrics",
    "dcrf.schema.explain",
    "dcrf.config",
    "dcrf.storage.atomic_files",
    "dcrf.cli.arguments",
    "dcrf.cli.explain",
    "dcrf.cli.schema",
    "dcrf.reporting",
    "dcrf.runs.launched",
    "dcrf.runs.resume",
)
"""Modules, and packages with all that is in them, that work where torch is not installed."""
TENSORS = {"torch", "safetensors", "torchvision", "numpy", "scipy", "sklearn"}

SHARED = {
    f"dcrf.assignment.{module}"
    for module in ("base", "centroids", "clustered_features", "lifecycle", "set_assignment")
}
SHARED |= {
    f"dcrf.mappings.{module}"
    for module in (
        "batch_statistics",
        "evaluation_mode",
        "features",
        "forward_cache",
        "late_buffers",
        "mapping",
        "measured_layer",
        "neighbors",
        "object_vectors",
        "variational_autoencoder",
    )
}
MAY_KNOW = {
    "assignment": SHARED
    | {
        "dcrf.clusterings.base",
        "dcrf.assignment.axes",
        "dcrf.assignment.centroid_lifecycle",
        "dcrf.schedules.base",
    },
    "design_patterns": SHARED
    | {"dcrf.clusterings.base", "dcrf.design_patterns.base", "dcrf.schedules.base"},
    "evaluation": SHARED | {"dcrf.evaluation.metrics.base"},
    "training": SHARED
    | {"dcrf.design_patterns.base", "dcrf.evaluation.metrics.base", "dcrf.schedules.base"},
}
"""Part -> what it may know of assignments, patterns and mappings: never a concrete component."""

COMPONENTS = (
    "dcrf.assignment.",
    "dcrf.clusterings.",
    "dcrf.design_patterns.",
    "dcrf.evaluation.metrics.",
    "dcrf.mappings.",
    "dcrf.schedules.",
)

MAY_SEED_GLOBALLY = {
    # what knows no other generator runs inside `global_seed`, which restores the state
    "randomness.py": {"torch.manual_seed"},
    # a worker process of a DataLoader, or a block that restores the state
    "data/views.py": {"random.seed", "torch.default_generator.manual_seed"},
}
GLOBAL_SEEDING = {
    "torch.manual_seed",
    "torch.seed",
    "torch.random.manual_seed",
    "torch.default_generator.manual_seed",
    "torch.cuda.manual_seed",
    "torch.cuda.manual_seed_all",
    "np.random.seed",
    "numpy.random.seed",
    "random.seed",
}

every_file = for_each(FILES)


@cache
def tree(file):
    return ast.parse(file.read_text())


def part_of(module):
    """`dcrf.config.method_config` belongs to the part `config`."""
    return f"{module}.__init__".split(".")[1]


def module_of(file):
    names = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def top_level(file):
    """The statements that run on import, without those for type checkers only."""
    for statement in tree(file).body:
        if not (isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"):
            yield statement


def imported(nodes):
    """The modules that statements import."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def own(modules):
    return {name for name in modules if name.split(".")[0] == "dcrf"}


def everything_imported(file):
    return set(imported(ast.walk(tree(file))))


def calls(file):
    return [node for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]


MODULES = {module_of(file): file for file in FILES}


def test_every_part_has_its_line_in_the_table():
    assert {part_of(module) for module in MODULES} == MAY_IMPORT.keys()


def test_the_table_itself_has_one_direction():
    assert tuple(TopologicalSorter(MAY_IMPORT).static_order())


@every_file
def test_imports_go_one_way(file):
    part = part_of(module_of(file))
    modules = own(everything_imported(file)) - {"dcrf", LIMITS}
    found = {part_of(module) for module in modules}

    assert found - {part} <= MAY_IMPORT[part]


def test_the_limits_that_any_part_may_import_import_no_part():
    assert own(everything_imported(MODULES[LIMITS])) == set()


@every_file
def test_imports_name_where_they_lead(file):
    froms = [node for node in ast.walk(tree(file)) if isinstance(node, ast.ImportFrom)]

    assert all(node.level == 0 for node in froms)
    assert all(alias.name != "*" for node in froms for alias in node.names)


def test_no_module_needs_itself():
    graph = {}
    for module, file in MODULES.items():
        found = own(imported(top_level(file)))
        graph[module] = found & MODULES.keys()

    assert len(tuple(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_works_without_torch_never_reaches_it(name):
    """Also not by way of another module."""
    start = [m for m in MODULES if m == name or m.startswith(f"{name}.")]

    assert start
    assert libraries_reached(start, lambda file: ast.walk(tree(file))) & TENSORS == set()


def test_the_command_line_starts_without_torch():
    assert libraries_reached(["dcrf.cli.main"], top_level) & TENSORS == set()


def test_the_package_is_imported_without_any_library():
    assert libraries_reached(["dcrf"], top_level) <= sys.stdlib_module_names | {"dcrf"}


def libraries_reached(modules, statements):
    """The libraries that modules import, also by way of other modules of dcrf."""
    seen, open_ends, libraries = set(), list(modules), set()
    while open_ends:
        module = open_ends.pop()
        seen.add(module)
        names = set(imported(statements(MODULES[module])))
        libraries |= {name.split(".")[0] for name in names}
        open_ends += (own(names) & MODULES.keys()) - seen
    return libraries


@pytest.mark.parametrize("part", MAY_KNOW)
def test_nobody_but_the_builder_knows_concrete_components(part):
    for module, file in MODULES.items():
        if part_of(module) == part:
            found = {name for name in own(everything_imported(file)) if name.startswith(COMPONENTS)}

            assert found <= MAY_KNOW[part] | strategies_of(module), module


def strategies_of(module):
    """The strategies that a design pattern works with, whose parameters it may know."""
    schema = DESIGN_PATTERNS.schemas.get(module.removeprefix("dcrf.design_patterns."), {})
    return {f"dcrf.assignment.{stem}" for stem in schema.get("x-strategies", ())}


@every_file
def test_only_known_libraries_are_imported(file):
    allowed = TENSORS | {
        "dcrf",
        "jsonschema",
        "referencing",
        "tqdm",
        "threadpoolctl",
        "PIL",
        "markupsafe",
    }
    found = {name.split(".")[0] for name in everything_imported(file)}

    assert found - sys.stdlib_module_names <= allowed


@every_file
def test_every_except_says_what_it_catches(file):
    handlers = [node for node in ast.walk(tree(file)) if isinstance(node, ast.ExceptHandler)]

    assert all(handler.type is not None for handler in handlers)
    for handler in handlers:
        if "BaseException" in ast.unparse(handler.type):
            assert any(isinstance(node, ast.Raise) for node in ast.walk(handler))


@every_file
def test_the_global_generators_are_seeded_in_stated_places_only(file):
    found = {ast.unparse(call.func) for call in calls(file)} & GLOBAL_SEEDING

    assert found == MAY_SEED_GLOBALLY.get(str(file.relative_to(PACKAGE)), set())
