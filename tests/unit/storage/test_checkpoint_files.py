"""Checkpoints are written atomically, verified by checksums, and never run code."""

import os
import resource
import signal
from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from dcrf.errors import DataError
from dcrf.storage.checkpoint_files import folders, read, read_newest, remove_checkpoints, write

STATE = {"method": {"weight": torch.arange(6.0).reshape(2, 3)}, "position": {"dataset": 0}}
DESCRIPTION = {"configuration": {"name": "tiny", "seed": 0}}


def names(parent):
    return sorted(file.name for file in parent.iterdir())


def test_a_written_checkpoint_is_read(tmp_path):
    folder = write(tmp_path / "checkpoints", STATE, DESCRIPTION)

    checkpoint = read(folder, "cpu")

    assert torch.equal(checkpoint.state["method"]["weight"], STATE["method"]["weight"])
    assert checkpoint.state["position"] == STATE["position"]
    assert checkpoint.description == DESCRIPTION
    assert checkpoint.folder == folder


def test_a_description_may_hold_undecodable_file_names(tmp_path):
    description = {"path": os.fsdecode(b"caf\xe9/data.npz")}

    assert read(write(tmp_path, STATE, description), "cpu").description == description


def test_lazy_layers_that_have_not_run_are_read(tmp_path):
    before, after = (nn.Sequential(nn.LazyLinear(2), nn.LazyBatchNorm1d()) for _ in range(2))
    folder = write(tmp_path, {"method": before.state_dict()}, DESCRIPTION)

    after.load_state_dict(read(folder, "cpu").state["method"])

    assert is_lazy(after[0].weight)
    assert after(torch.ones(3, 4)).shape == (3, 2)


def test_the_last_two_are_kept_and_other_files_are_left_alone(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    for _ in range(12):
        write(tmp_path, STATE, DESCRIPTION)

    assert names(tmp_path) == ["000011", "000012", "run.json"]
    assert [folder.name for folder in folders(tmp_path)] == ["000011", "000012"]


def test_an_unfinished_checkpoint_of_a_killed_run_is_ignored_and_removed(tmp_path):
    (tmp_path / ".000001").mkdir()
    (tmp_path / ".000001" / "state.pth").write_bytes(b"half")

    assert read_newest(tmp_path, "cpu") == (None, [])
    write(tmp_path, STATE, DESCRIPTION)

    assert names(tmp_path) == ["000001"]


def test_a_missing_folder_holds_no_checkpoint(tmp_path):
    assert read_newest(tmp_path / "missing", "cpu") == (None, [])


@contextmanager
def file_size(most):
    """Limit the size of files that this process writes, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_earlier_checkpoints_and_nothing_else(tmp_path):
    for _ in range(2):
        write(tmp_path, STATE, DESCRIPTION)

    with file_size(100), pytest.raises(OSError, match="File too large"):
        write(tmp_path, STATE, DESCRIPTION)

    assert names(tmp_path) == ["000001", "000002"]
    checkpoint, reasons = read_newest(tmp_path, "cpu")
    assert (checkpoint.folder.name, reasons) == ("000002", [])


@pytest.mark.parametrize("name", ["state.pth", "description.json", "manifest.json"])
def test_every_flipped_byte_is_noticed(tmp_path, name):
    folder = write(tmp_path, {"a": 1}, DESCRIPTION)
    whole = (folder / name).read_bytes()
    for place in range(0, len(whole), 1 + len(whole) // 40):
        content = bytearray(whole)
        content[place] ^= 1
        (folder / name).write_bytes(content)
        try:
            checkpoint = read(folder, "cpu")
        except DataError:
            continue
        assert name == "manifest.json", place  # blanks in it have no meaning
        assert checkpoint.state == {"a": 1}
    (folder / name).write_bytes(whole)
    assert read(folder, "cpu").state == {"a": 1}


def test_a_damaged_checkpoint_is_skipped_and_removed(tmp_path):
    older, newer = (write(tmp_path, STATE, DESCRIPTION) for _ in range(2))
    (newer / "state.pth").write_bytes(b"")

    checkpoint, (reason,) = read_newest(tmp_path, "cpu")

    assert checkpoint.folder == older
    assert str(newer) in reason
    assert folders(tmp_path) == [older]
    assert write(tmp_path, STATE, DESCRIPTION).name == newer.name


def test_if_all_are_damaged_none_is_removed(tmp_path):
    written = [write(tmp_path, STATE, DESCRIPTION) for _ in range(2)]
    for folder in written:
        (folder / "manifest.json").unlink()

    checkpoint, reasons = read_newest(tmp_path, "cpu")

    assert checkpoint is None
    assert len(reasons) == 2
    assert folders(tmp_path) == written


def test_a_state_that_would_run_code_is_refused(tmp_path):
    """Also if its checksum is right: whoever can write the state can write its checksum."""
    folder = write(tmp_path, {"a": print}, DESCRIPTION)

    with pytest.raises(DataError, match="cannot read tensors"):
        read(folder, "cpu")


def test_all_checkpoints_are_removed_and_other_files_stay(tmp_path):
    write(tmp_path, STATE, DESCRIPTION)
    (tmp_path / ".000002").mkdir()
    for name in ("run.json", "lock"):
        (tmp_path / name).touch()

    remove_checkpoints(tmp_path)

    assert names(tmp_path) == ["lock", "run.json"]
    remove_checkpoints(tmp_path / "missing")
