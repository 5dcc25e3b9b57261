"""Checkpoints are there whole or not at all, and known for what they are."""

import os
import resource
import signal
from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from dcrf.errors import DataError
from dcrf.storage.checkpoint_files import folders, read, read_newest, write

STATE = {"method": {"weight": torch.arange(6.0).reshape(2, 3)}, "place": {"dataset": 0}}
ABOUT = {"configuration": {"name": "tiny", "seed": 0}}


def names(parent):
    return sorted(file.name for file in parent.iterdir())


def test_what_was_written_is_read(tmp_path):
    made = write(tmp_path / "checkpoints", STATE, ABOUT)

    found = read(made, "cpu")

    assert torch.equal(found.state["method"]["weight"], STATE["method"]["weight"])
    assert found.state["place"] == STATE["place"]
    assert found.description == ABOUT
    assert found.folder == made


def test_a_description_may_name_files_whose_names_are_no_text(tmp_path):
    description = {"path": os.fsdecode(b"caf\xe9/data.npz")}

    assert read(write(tmp_path, STATE, description), "cpu").description == description


def test_lazy_layers_that_have_not_run_are_read_too(tmp_path):
    before, after = (nn.Sequential(nn.LazyLinear(2), nn.LazyBatchNorm1d()) for _ in range(2))
    made = write(tmp_path, {"method": before.state_dict()}, ABOUT)

    after.load_state_dict(read(made, "cpu").state["method"])

    assert is_lazy(after[0].weight)
    assert after(torch.ones(3, 4)).shape == (3, 2)


def test_the_last_two_are_kept_and_others_things_left_alone(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    for _ in range(12):
        write(tmp_path, STATE, ABOUT)

    assert names(tmp_path) == ["000011", "000012", "run.json"]
    assert [folder.name for folder in folders(tmp_path)] == ["000011", "000012"]


def test_what_a_killed_run_left_unfinished_is_none_and_goes_away(tmp_path):
    (tmp_path / ".000001").mkdir()
    (tmp_path / ".000001" / "state.pth").write_bytes(b"half")

    assert read_newest(tmp_path, "cpu") == (None, [])
    write(tmp_path, STATE, ABOUT)

    assert names(tmp_path) == ["000001"]


def test_there_is_nothing_to_read_before_the_first_one(tmp_path):
    assert read_newest(tmp_path / "missing", "cpu") == (None, [])


@contextmanager
def file_size(most):
    """Let no file of this process grow beyond so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_ones_before_and_nothing_else(tmp_path):
    for _ in range(2):
        write(tmp_path, STATE, ABOUT)

    with file_size(100), pytest.raises(OSError, match="File too large"):
        write(tmp_path, STATE, ABOUT)

    assert names(tmp_path) == ["000001", "000002"]
    found, reasons = read_newest(tmp_path, "cpu")
    assert (found.folder.name, reasons) == ("000002", [])


@pytest.mark.parametrize("name", ["state.pth", "description.json", "manifest.json"])
def test_every_flipped_byte_is_noticed(tmp_path, name):
    made = write(tmp_path, {"a": 1}, ABOUT)
    whole = (made / name).read_bytes()
    for place in range(0, len(whole), 1 + len(whole) // 40):
        content = bytearray(whole)
        content[place] ^= 1
        (made / name).write_bytes(content)
        try:
            found = read(made, "cpu")
        except DataError:
            continue
        assert name == "manifest.json", place  # its blanks say nothing
        assert found.state == {"a": 1}
    (made / name).write_bytes(whole)
    assert read(made, "cpu").state == {"a": 1}


def test_a_damaged_one_is_passed_over_and_taken_away(tmp_path):
    older, newer = (write(tmp_path, STATE, ABOUT) for _ in range(2))
    (newer / "state.pth").write_bytes(b"")

    found, (reason,) = read_newest(tmp_path, "cpu")

    assert found.folder == older
    assert str(newer) in reason
    assert folders(tmp_path) == [older]
    assert write(tmp_path, STATE, ABOUT).name == newer.name


def test_where_all_are_damaged_none_is_taken_away(tmp_path):
    made = [write(tmp_path, STATE, ABOUT) for _ in range(2)]
    for folder in made:
        (folder / "manifest.json").unlink()

    found, reasons = read_newest(tmp_path, "cpu")

    assert found is None
    assert len(reasons) == 2
    assert folders(tmp_path) == made


def test_a_state_that_would_run_code_is_refused(tmp_path):
    """Also where its checksum is right: whoever can write one can write the other."""
    made = write(tmp_path, {"a": print}, ABOUT)

    with pytest.raises(DataError, match="cannot read tensors"):
        read(made, "cpu")
