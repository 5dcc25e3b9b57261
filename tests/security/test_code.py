"""The source has no calls that a file could abuse, and looks names up in few places only."""

import ast
from functools import cache
from pathlib import Path

import dcrf
from tests.cases.each import for_each

PACKAGE = Path(dcrf.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
FOLDERS_BESIDE = ("benchmarks", "tests")
BESIDE = [PACKAGE.parent / "main.py"]
BESIDE += sorted(f for name in FOLDERS_BESIDE for f in (PACKAGE.parent / name).rglob("*.py"))

FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "print", "breakpoint", "os.system", "pickle.load",
    "pickle.loads", "pickle.Unpickler", "marshal.loads", "yaml.load", "joblib.load",
}  # fmt: skip
FORBIDDEN_ARGUMENTS = {("weights_only", False), ("allow_pickle", True), ("shell", True)}
RUNS_CODE = FORBIDDEN_CALLS - {"print", "pickle.loads"}  # tests build what must not be loaded
MAY_LOOK_UP = {
    # module stem of a schema folder, never a name of a file
    "schema/registry.py": {"import_module"},
    "data/sources/load.py": {"import_module"},
    "cli/commands.py": {"import_module"},  # of a frozen table
    "extras.py": {"import_module"},  # of a name that the caller writes as a constant
    # fields that the code itself lists
    "data/sources/torchvision.py": {"getattr"},
    "training/exit_criteria.py": {"getattr"},
    "builder/method.py": {"getattr"},
    "__init__.py": {"getattr", "globals", "importlib.import_module", "import_module"},
    "data/sources/text.py": {"getattr"},
    "mappings/pool_indices.py": {"getattr", "setattr"},
    "batch.py": {"getattr", "setattr"},
    "dry_run/width_mismatch.py": {"getattr"},
    "dry_run/module_trace.py": {"getattr"},
}
LOOK_UPS = {"getattr", "setattr", "import_module", "importlib.import_module", "__import__",
            "globals", "locals", "operator.attrgetter", "attrgetter"}  # fmt: skip
"""What follows names. With a constant name it is no look-up."""

every_file = for_each(FILES)


@cache
def calls(file):
    return [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]


def assert_harmless(call, forbidden):
    assert ast.unparse(call.func) not in forbidden, call.lineno
    for keyword in call.keywords:
        if isinstance(keyword.value, ast.Constant):
            assert (keyword.arg, keyword.value.value) not in FORBIDDEN_ARGUMENTS, call.lineno


def test_every_file_is_looked_at():
    assert len(FILES) > 100
    assert {"main.py", "speed.py", "test_code.py"} <= {file.name for file in BESIDE}


@every_file
def test_nothing_runs_code_from_files_or_prints(file):
    for call in calls(file):
        assert_harmless(call, FORBIDDEN_CALLS)


@every_file
def test_names_are_looked_up_in_stated_places_only(file):
    found = {
        ast.unparse(call.func)
        for call in calls(file)
        if ast.unparse(call.func) in LOOK_UPS
        if not (len(call.args) > 1 and isinstance(call.args[1], ast.Constant))
    }

    assert found <= MAY_LOOK_UP.get(str(file.relative_to(PACKAGE)), set())


@for_each(BESIDE)
def test_nothing_beside_the_package_runs_code_from_files(file):
    runs_our_pages = file.name == "test_docs.py"  # the Python in docs/, as a reader would
    for call in calls(file):
        assert_harmless(call, RUNS_CODE - ({"exec", "compile"} if runs_our_pages else set()))


@for_each([*FILES, *BESIDE])
def test_files_of_tensors_are_loaded_as_weights_only(file):
    for call in calls(file):
        if ast.unparse(call.func) == "torch.load":
            assert "weights_only=True" in map(ast.unparse, call.keywords)
