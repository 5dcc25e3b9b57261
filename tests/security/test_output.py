"""Names and values from files reach terminals and logs as escaped text only."""

import numpy as np
import pytest
import torch

from dcrf.cli.main import main
from dcrf.config import load_checked
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_method
from tests.cases.methods import digits, method, written
from tests.security.files import array_bytes, zipped

EVIL = "\x1b]0;title\x07\x9b2J\r\u202e"
LONGEST = 2100


def as_file_to_load(content, folder):
    load = {"mapping_name": "encoder", "path_to_file": f"missing{EVIL}.pth"}
    content["phases"][0]["load_mapping_parameters"] = [load]


def as_key_of_tensors(content, folder):
    torch.save({f"net.{EVIL}\nb.json: ok": torch.zeros(1), "x" * 9000: 1}, folder / "a.pth")
    load = {"mapping_name": "encoder", "path_to_file": "a.pth"}
    content["phases"][0]["load_mapping_parameters"] = [load]


def as_member_of_an_archive(content, folder):
    (folder / "a.npz").write_bytes(zipped({f"{EVIL}.npy": array_bytes(np.zeros((4, 3)))}))
    data = {"source": "npz", "dataset": "own", "path": "a.npz", "batch_size": 2, "num_clusters": 2}
    content["datasets"] = [data]


def as_circle_of_mappings(content, folder):
    for index, mapping in enumerate(content["mappings"]):
        mapping |= {"name": f"{index}{EVIL}", "prior_mapping_name": f"{1 - index}{EVIL}"}


def as_names_of_views(content, folder):
    content["datasets"] = [digits(batch_augmentations=[{"name": EVIL * 2000, "transforms": []}])]
    content["phases"][0]["design_patterns"][0]["batch_augmentation_name"] = "view"


def as_names_of_layers(content, folder):
    content["mappings"][0]["layers"][0]["name"] = EVIL
    wanted = {"layer_names": ["flatten"], "weight_type": "weight", "type": "ones"}
    content["mappings"][0]["layer_initialization"] = [wanted]


def as_device(content, folder):
    content["device"] = f"cpu{EVIL}"


WAYS = [as_file_to_load, as_key_of_tensors, as_member_of_an_archive, as_circle_of_mappings]
WAYS += [as_names_of_views, as_names_of_layers, as_device]


def assert_plain(text):
    assert text.replace("\n", "").isprintable()
    assert max(map(len, text.splitlines())) < 10 * LONGEST


@pytest.mark.parametrize("way", WAYS)
def test_what_is_refused_is_named_as_text(tmp_path, capsys, way):
    content = method()
    way(content, tmp_path)

    assert main([written(tmp_path, content), "--validate"]) == 2

    printed = capsys.readouterr().err
    assert_plain(printed)
    begins = [line for line in printed.splitlines() if not line.startswith("    ")]
    own = [line for line in begins if "method.json" in line or line.startswith("the batch has")]
    assert begins[: len(own)] == own
    assert len(begins) - len(own) <= 1  # the last one counts the files


def test_settings_are_named_as_text(tmp_path, capsys):
    file = written(tmp_path, method() | {EVIL: {EVIL: 1}})

    assert main([file, "--validate", "--set", f"{EVIL}.a=1"]) == 2

    assert_plain(capsys.readouterr().err)


def test_what_a_run_says_of_its_failure_is_text(tmp_path, capfd):
    """Its folder cannot be made, which only saving finds out."""
    content = method(name="fails")
    save = {"mapping_name": "encoder", "path_to_file_or_dir": f"{EVIL}\nok/file/saved.pth"}
    content["phases"][0]["save_mapping_parameters"] = [save]
    config = load_checked(tmp_path / written(tmp_path, content))
    (tmp_path / f"{EVIL}\nok").mkdir()
    (tmp_path / f"{EVIL}\nok" / "file").write_text("no folder")  # where validation found nothing

    outcome = run_method(config, 0, Output(tmp_path / "runs"))

    out, err = capfd.readouterr()
    assert outcome.status == "failed"
    logs = [file.read_text() for file in (tmp_path / "runs").rglob("log.txt")]
    assert "failed" in out
    assert logs
    for text in (out, err, *logs):
        assert text.replace("\n", "").isprintable()
    assert not any(line.startswith("ok/") for text in (out, *logs) for line in text.splitlines())
