"""A run that is stopped with Ctrl-C."""

import re
import shlex
import signal
from itertools import islice

from dcrf.cli.find_files import ROOT
from tests.cases.methods import method, records, result, written

TIMEOUT = 120  # seconds; the processes take one or two unless they hang


def endless():
    """Return a method that saves its encoder after the first phase and never ends its second."""
    content = method()
    content["phases"][0]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file_or_dir": "kept.pth"}
    ]
    content["phases"][1]["exit_criteria"] = {"iterations": 10**7}
    content["phases"][1]["performance_evaluation_interval"] = 10**6
    content["phases"][1]["design_patterns"][0]["loss_report_interval"] = 50
    return content


def test_an_interrupted_run_keeps_its_results_and_names_the_command_to_resume(start, tmp_path):
    process = start(written(tmp_path, endless()))
    losses = (line for line in process.stdout if line.startswith("finetuning  it "))
    seen = list(islice(losses, 2))  # before the second line the first is in metrics.jsonl as well

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT)

    assert len(seen) == 2, err
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in out + err
    (row,) = (line for line in out.splitlines() if line.startswith("tiny ") and " 0 " in line)
    assert "  interrupted  " in row
    (folder,) = tmp_path.glob("runs/tiny/*")
    _, script, *command = shlex.split(re.search("resume with: (.*)", out)[1])
    assert (script, *command) == (
        str(ROOT / "main.py"), "--resume", str(folder.relative_to(tmp_path)),
    )  # fmt: skip
    assert result(folder)["status"] == "interrupted"
    assert [phase["phase"] for phase in result(folder)["phases"]] == ["pretraining"]
    assert {r["phase"] for r in records(folder)} == {"pretraining", "finetuning"}
    assert (tmp_path / "kept.pth").stat().st_size > 0
    assert not list(tmp_path.rglob("*.tmp"))

    process = start(*command)
    first = next(line for line in process.stdout if "resumes after" in line)

    assert re.fullmatch(r"finetuning on digits  resumes after it \d\d+\n", first)
