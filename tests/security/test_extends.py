"""The key `extends` reads a JSON file and does nothing else, whatever it names."""

import json
import subprocess
import sys

from dcrf.cli.find_files import ROOT
from dcrf.cli.main import main
from tests.cases.methods import method, written
from tests.security.names import HOSTILE

PROGRAM = """
import json, sys
from pathlib import Path
from dcrf.config import load_checked
from dcrf.errors import ConfigError
from tests.security.names import HOSTILE
from tests.security.watched import Watch

folder = Path(sys.argv[1])
file = folder / "method.json"
watch, accepted = Watch((folder,)), []
for name in ["missing.json", *HOSTILE, file.name]:
    file.write_text(json.dumps({"extends": name}))
    watch.is_on = name != "missing.json"  # whose refusal has imported all that it needs
    try:
        load_checked(file)
        accepted.append(name)
    except ConfigError:
        pass
    watch.is_on = False
print(json.dumps({"accepted": accepted, "seen": watch.seen}))
"""


def test_no_hostile_name_leads_to_more_than_reading_a_file(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    report = json.loads(done.stdout)
    assert report["accepted"] == []
    assert [event for event in report["seen"] if not event.startswith("open ")] == []


def test_a_file_that_is_no_method_is_not_quoted_at_length(tmp_path, capsys):
    secret = "secret " * 1000
    (tmp_path / "private.txt").write_text(secret)

    code = main([written(tmp_path, {"extends": "private.txt"}), "--validate"])

    assert code == 2
    assert len(capsys.readouterr().err) < 1000


def test_names_are_printed_as_text(tmp_path, capsys):
    code = main([written(tmp_path, {**method(), "extends": "\x1b[31mred"}), "--validate"])

    assert code == 2
    assert "\x1b" not in capsys.readouterr().err


def test_hostile_names_are_tried():
    assert len(HOSTILE) > 300
