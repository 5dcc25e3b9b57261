"""Hostile files of tensors and arrays run no code and are refused with a sentence."""

import os
import random
from contextlib import suppress

import numpy as np
import pytest
import torch

from dcrf.cli.main import main
from dcrf.data.sources.npy import Npy
from dcrf.data.sources.npz import Npz
from dcrf.errors import DataError
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.parameter_files import load_part, read_tensor
from dcrf.storage.tensor_files import from_bytes, read_tensors
from tests.cases.methods import digits, method, written
from tests.security import files

HERE = files.Path("trace")  # names only: every test makes its own
ADVICE = ("weights_only", "allow_pickle", "\x1b", "0x")  # how to run the code, colors, addresses
HUGE = 2**60


def refusal(folder, content, read):
    file = folder / "hostile"
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(file)
    return str(caught.value)


def npy(file):
    return Npy("own", path=str(file)).open()


def npz(file):
    return Npz("own", path=str(file)).open()


def centroids(file):
    return read_tensor(file, "centroids")


READERS = [
    *((centroids, files.tensor_files, name) for name in files.tensor_files(HERE)),
    *((npy, files.array_files, name) for name in files.array_files(HERE)),
    *((npz, files.array_archives, name) for name in files.array_archives(HERE)),
]


@pytest.mark.parametrize(("read", "make", "name"), READERS)
def test_a_hostile_file_is_refused_and_runs_nothing(tmp_path, read, make, name):
    trace = tmp_path / "trace"

    said = refusal(tmp_path, make(trace)[name], read)

    assert not trace.exists()
    assert "hostile" in said
    assert not any(word in said for word in ADVICE)


@pytest.mark.parametrize("name", files.endless_pickles())
def test_a_checkpoint_with_a_pickle_without_end_is_refused(name):
    content = files.with_pickle(files.endless_pickles()[name])

    with pytest.raises(DataError, match=r"cannot read tensors from state\.pth: it"):
        from_bytes(content, "state.pth", "cpu")


def test_a_checkpoint_larger_than_the_memory_is_refused_unread():
    content = files.claiming(files.saved({"a": torch.zeros(3, 4)}), HUGE)

    with pytest.raises(DataError, match="GiB of memory"):
        from_bytes(content, "state.pth", "cpu")


def test_the_payload_would_leave_a_trace(tmp_path):
    """Otherwise the test above could not fail."""
    for call in ("mkdir", "system", "eval"):
        trace = tmp_path / call
        content = files.tensor_files(trace)[f"pickle_{call}"]

        files.pickle.loads(content)

        assert trace.is_dir()


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (files.claiming(files.saved({"centroids": torch.zeros(3, 4)}), HUGE), read_tensors),
        (files.claiming(files.zipped({"samples.npy": files.array_bytes(np.ones(3))}), HUGE), npz),
    ],
)
def test_an_archive_larger_than_the_memory_is_refused_unread(tmp_path, content, read):
    assert "GiB of memory" in refusal(tmp_path, content, read)


@pytest.mark.parametrize("read", [npy, lambda file: Npy("own", path=str(file)).outline()])
@pytest.mark.parametrize("shape", ["(7, 1, 1)", "(20, 1, 60000, 20000)", "(1, 1000000000000)"])
def test_an_array_larger_than_its_file_is_refused(tmp_path, read, shape):
    content = files.npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}")

    assert "bytes, but the file has 48" in refusal(tmp_path, content, read)


@pytest.mark.parametrize("read", [npz, lambda file: Npz("own", path=str(file)).outline()])
def test_of_an_archive_only_headers_of_a_sane_length_are_read(tmp_path, read):
    """So that an archive of kilobytes does not unpack to gigabytes."""
    honest = files.array_bytes(np.zeros((4, 3), np.float32))
    endless = honest[:6] + b"\x02\x00" + (2**30).to_bytes(4, "little") + b" " * 20_000
    unused = {"other.npy": files.array_bytes(np.zeros(2)), "broken.npy": b"no array"}
    (tmp_path / "right").write_bytes(files.zipped({"samples.npy": honest, **unused}))
    read(tmp_path / "right")

    for members in ({"samples.npy": endless}, {"samples.npy": honest, "labels.npy": endless},
                    {"samples.npy": honest, "samples": endless}):  # fmt: skip
        content = files.zipped(members)
        assert "array header" in refusal(tmp_path, content, read)


def test_an_archive_that_says_too_little_of_its_size_is_refused(tmp_path):
    content = files.zipped({"samples.npy": files.array_bytes(np.zeros((5000, 3), np.float32))})

    refusal(tmp_path, files.claiming(content, 200), npz)


@pytest.mark.parametrize("read", [read_tensors, centroids, npy, npz])
def test_what_has_no_end_is_not_read(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    for endless in (tmp_path / "pipe", files.Path("/dev/zero")):
        with pytest.raises(DataError, match=r"not a regular file|no such file"):
            read(endless)


@pytest.mark.parametrize(
    "content",
    [
        {1: torch.zeros(2, 2)},
        {"0.weight": "text"},
        {"0.weight": torch.zeros(1).expand(2**40)},
        {"0.weight": torch.zeros(1).expand(2**20, 2**20)},
        {"0.weight": [torch.zeros(2, 2)]},
        {"0.weight": torch.zeros(2, 2).to_sparse()},
        {"0.weight": torch.zeros(2, 2), "__class__": torch.zeros(1)},
        {"forward": torch.zeros(1)},
    ],
)
def test_parameters_of_another_kind_do_not_fit(tmp_path, content):
    mapping = TrainableMapping([torch.nn.Linear(2, 2)])
    named = {f"net.{k}" if isinstance(k, str) else k: value for k, value in content.items()}

    refusal(tmp_path, files.saved(named), lambda file: load_part(mapping, file))


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (files.saved({"centroids": torch.zeros(3, 4)}), centroids),
        (files.array_bytes(np.zeros((4, 3), np.float32)), npy),
        (files.zipped({"samples.npy": files.array_bytes(np.zeros((4, 3), np.float32))}), npz),
    ],
)
def test_damaged_files_are_read_or_refused(tmp_path, content, read):
    draw, file, refused = random.Random(0), tmp_path / "damaged", 0
    for _ in range(200):
        damaged = bytearray(content)
        for _ in range(draw.choice([1, 1, 2, 8])):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        file.write_bytes(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])])
        with suppress(DataError):
            read(file)
            continue
        refused += 1

    assert refused > 50


def loading(file):
    content = method(name="loads")
    content["phases"][0]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": file}
    ]
    return content


def starting_from(file):
    content = method(name="starts")
    content["cluster_assignment_strategy"] |= {
        "centroid_initialization_strategy": "load_from_file", "centroid_file_path": file,
    }  # fmt: skip
    return content


def on_arrays(file):
    data = {"source": "npz", "dataset": "own", "path": file, "batch_size": 5, "num_clusters": 2}
    data["batch_augmentations"] = digits()["batch_augmentations"]
    return method(name="reads", datasets=[data])


@pytest.mark.parametrize(
    ("make", "content"), [(loading, "torch_system"), (starting_from, "pickle_eval"),
                          (on_arrays, "objects"), (on_arrays, "far_too_large_number")],
)  # fmt: skip
def test_a_run_with_a_hostile_file_ends_in_words(tmp_path, monkeypatch, capfd, make, content):
    monkeypatch.chdir(tmp_path)
    trace = tmp_path / "trace"
    known = files.tensor_files(trace) | files.array_archives(trace)
    (tmp_path / "hostile.pth").write_bytes(known[content])

    code = main([written(tmp_path, make("hostile.pth"))])

    printed = "".join(capfd.readouterr())
    assert code in (1, 2)
    assert "hostile.pth" in printed or "$.datasets[0]" in printed
    assert "Traceback" not in printed + "".join(p.read_text() for p in tmp_path.rglob("log.txt"))
    assert not trace.exists()


@pytest.mark.parametrize("make", [loading, starting_from, on_arrays])
def test_a_method_whose_files_have_no_end_is_refused(tmp_path, capfd, make):
    os.mkfifo(tmp_path / "pipe")
    for endless in ("pipe", "/dev/zero"):
        assert main([written(tmp_path, make(endless)), "--validate"]) == 2
        assert "regular file" in capfd.readouterr().err
