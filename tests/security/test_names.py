"""Names in a file reach the frozen tables and nothing else."""

import json
import subprocess
import sys

import pytest

from dcrf.cli.find_files import ROOT
from tests.security import names
from tests.security.methods import methods, path_of, places


def watched(folder, step):
    """Try every `step`-th name everywhere, in a process that is watched."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.watched", str(folder), str(step)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def check(folder, step):
    report, printed = watched(folder, step)

    assert report["names"] >= 400 // step
    assert report["places"] >= 90
    assert report["missed"] == []
    assert report["seen"] == []
    assert "Traceback" not in printed


def test_no_hostile_name_leads_anywhere_from_any_place(tmp_path):
    check(tmp_path, 80)


@pytest.mark.slow
def test_none_of_all_hostile_names_leads_anywhere_from_any_place(tmp_path):
    check(tmp_path, 1)


@pytest.mark.slow
def test_the_watch_sees_what_a_name_could_do(tmp_path):
    """A watch that sees nothing would let everything pass."""
    program = (
        "import sys, pathlib; from tests.security.watched import Watch\n"
        "watch = Watch((pathlib.Path(sys.argv[1]),)); watch.is_on = True\n"
        "import wave, os; os.system('true'); eval('1'); open('/etc/hostname').close()\n"
        "watch.is_on = False; print(watch.seen)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    for event in ("import ('wave',)", "os.system", "compile", "exec", "open ('/etc/hostname',)"):
        assert event in done.stdout


def test_every_kind_of_name_is_tried():
    tried = {
        "".join(c for c in path_of(s) if not c.isdigit()) for m in methods() for s in places(m)
    }

    for place in (
        "$.mappings[].layers[].type",
        "$.mappings[].layers[].positional_arguments[].type",
        "$.mappings[].layers[].encoder_layer.type",
        "$.mappings[].layer_initialization[].type",
        "$.mappings[].layer_initialization[].weight_type",
        "$.mappings[].layer_initialization[].layer_names[]",
        "$.mappings[].pre_processing_functions[].function_name",
        "$.mappings[].post_processing_functions[].input_argument_name",
        "$.phases[].design_patterns[].pattern",
        "$.phases[].optimizers[].type",
        "$.phases[].optimizers[].trained_mapping_names[]",
        "$.phases[].optimizer_learning_rate_schedulers[].type",
        "$.phases[].optimizer_cycle[].active_optimizer_names[]",
        "$.datasets[].dataset",
        "$.datasets[].source",
        "$.datasets[].transforms[].positional_arguments[][].transforms[].type",
        "$.datasets[].batch_augmentations[].transforms[].transforms[].type",
        "$.cluster_assignment_strategy.type",
        "$.cluster_assignment_strategy.similarity_measure",
        "$.cluster_assignment_strategy.classifier_name",
    ):
        assert place in tried


def test_hostile_names_are_hostile():
    """Only few of them mean something somewhere."""
    known = set().union(*(names.table(p.stem) for p in (names.SCHEMA / "names").glob("*.json")))

    assert len(set(names.HOSTILE) & known) < 10
