"""Data sets of torchvision run no code from files in their folders."""

import ast
import hashlib
import inspect
import io
import sys
import tarfile
from contextlib import nullcontext

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image
from torchvision.datasets import lsun
from torchvision.datasets.utils import extract_archive

from dcrf.data.decoding import decode_all
from dcrf.data.sources.torchvision import Torchvision
from dcrf.errors import DataError
from dcrf.schema.allowed_names import DATASETS
from tests.security import files

RUNNING = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "subprocess",
           "ctypes", "runpy", "importlib", "code"}  # fmt: skip
"""Modules with functions that run code, also code from files."""

CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
CHECKED_FIRST = {"cifar"}
"""Modules that compare checksums before they unpickle files; each has a test below."""


def modules():
    """Those of torchvision that classes which a file may name are made of, by their stems."""
    known = {base.__module__ for cls in DATASETS.values() for base in cls.__mro__}
    todo = {name for name in known if name.startswith("torchvision.datasets.")}
    found = {}
    while todo:
        name = todo.pop()
        tree = ast.parse(inspect.getsource(sys.modules[name]))
        found[name.rpartition(".")[2]] = tree
        beside = [node.module for node in ast.walk(tree) if is_from_beside(node)]
        todo |= {f"torchvision.datasets.{stem}" for stem in beside if stem not in found}
    return dict(sorted(found.items()))  # workers of pytest-xdist need one order


def is_from_beside(node):
    return isinstance(node, ast.ImportFrom) and node.level == 1 and node.module is not None


def what_runs_code(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (n.name for n in node.names if n.name.partition(".")[0] in RUNNING)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from [node.module] if node.module.partition(".")[0] in RUNNING else []
        if isinstance(node, ast.Call) and runs_code(node):
            yield ast.unparse(node)


def runs_code(call):
    name, options = ast.unparse(call.func), set(map(ast.unparse, call.keywords))
    if name in ("torch.load", "load") and "weights_only=True" not in options:
        return True
    return name in CALLS or "allow_pickle=True" in options


MODULES = modules()


def test_every_class_is_looked_into():
    assert {"cifar", "mnist", "folder", "utils", "vision", "imagenet", "pcam"} <= MODULES.keys()
    assert "lsun" not in MODULES


@pytest.mark.parametrize("stem", MODULES)
def test_no_data_set_runs_what_its_files_hold(stem):
    found = set(what_runs_code(MODULES[stem]))

    assert bool(found) == (stem in CHECKED_FIRST), found


def test_what_would_run_code_is_found():
    source = "import pickle\ntorch.load(file)\nnp.load(file, allow_pickle=True)\neval(text)"

    assert len(list(what_runs_code(ast.parse(source)))) == 4
    assert list(what_runs_code(ast.parse(inspect.getsource(lsun))))


@pytest.mark.parametrize("name", ["CIFAR10", "CIFAR100"])
def test_cifar_unpickles_only_files_with_the_right_checksum(tmp_path, name):
    cls, trace = DATASETS[name], tmp_path / "trace"
    listed = [*cls.train_list, *cls.test_list, (cls.meta["filename"], cls.meta["md5"])]
    folder = tmp_path / cls.base_folder
    folder.mkdir()
    for file, checksum in listed:
        assert len(bytes.fromhex(checksum)) == 16
        (folder / file).write_bytes(files.pickle.dumps(files.Payload(trace)))

    for train in (True, False):
        with pytest.raises(DataError, match="corrupted"):
            Torchvision(name, root=str(tmp_path), train=train).open()

    assert not trace.exists()


@pytest.mark.parametrize("name", ["CIFAR10", "CIFAR100"])
def test_one_file_of_cifar_with_another_checksum_is_enough(tmp_path, monkeypatch, name):
    """Also where a download is asked for, which cannot be had."""
    cls, trace = DATASETS[name], tmp_path / "trace"
    content = {"data": np.zeros((1, 3072), np.uint8), "labels": [0], cls.meta["key"]: ["a"]}
    right, hostile = files.pickle.dumps(content), files.pickle.dumps(files.Payload(trace))
    checksum = hashlib.md5(right).hexdigest()
    names = [file for file, _ in (*cls.train_list, *cls.test_list)]
    monkeypatch.setattr(cls, "train_list", [[file, checksum] for file in names[:-1]])
    monkeypatch.setattr(cls, "test_list", [[names[-1], checksum]])
    monkeypatch.setattr(cls, "meta", cls.meta | {"md5": checksum})
    monkeypatch.setattr(cls, "url", (tmp_path / "nowhere").as_uri())
    folder = tmp_path / cls.base_folder
    folder.mkdir()
    for wrong in (*names, cls.meta["filename"], None):
        for file in (*names, cls.meta["filename"]):
            (folder / file).write_bytes(hostile if file == wrong else right)
        for options in ({}, {"train": False}, {"download": True}):
            with pytest.raises(DataError) if wrong else nullcontext():
                Torchvision(name, root=str(tmp_path), **options).open()

    assert not trace.exists()


def archive(*members):
    """Return a tar.gz with (name, type, link's target) of every member."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, target, 3 * (kind == tarfile.REGTYPE)
            made.addfile(member, io.BytesIO(b"own"))
    return buffer.getvalue()


ESCAPES = {
    "up": [("../escaped", tarfile.REGTYPE, "")],
    "up_within": [("a/../../escaped", tarfile.REGTYPE, "")],
    "absolute_link": [("a", tarfile.SYMTYPE, "/nowhere"), ("a/escaped", tarfile.REGTYPE, "")],
    "link_up": [("a", tarfile.SYMTYPE, ".."), ("a/escaped", tarfile.REGTYPE, "")],
    "link_inside": [("b", tarfile.SYMTYPE, "a")],
    "hard_link_up": [("a", tarfile.LNKTYPE, "../outside"), ("a", tarfile.REGTYPE, "")],
    "into_a_folder_that_is_a_link": [("linked/escaped", tarfile.REGTYPE, "")],
    "pipe": [("a", tarfile.FIFOTYPE, "")],
    "device": [("a", tarfile.CHRTYPE, "")],
}


@pytest.fixture
def aircraft(tmp_path):
    """Opens a data set that torchvision unpacks without a checksum, from an archive of these."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("theirs")
    (root / "linked").symlink_to(tmp_path)

    def opener(*members):
        (root / "fgvc-aircraft-2013b.tar.gz").write_bytes(archive(*members))
        Torchvision("FGVCAircraft", root=str(root), download=True).open()

    return opener


@pytest.mark.parametrize("name", ESCAPES)
def test_no_member_of_an_archive_leaves_its_folder(tmp_path, aircraft, name):
    with pytest.raises(DataError, match=r"FGVCAircraft cannot be opened \([A-Za-z]*Error: '"):
        aircraft(*ESCAPES[name])

    assert {path.name for path in tmp_path.iterdir()} == {"root", "outside"}
    assert (tmp_path / "outside").read_text() == "theirs"


def test_other_members_are_unpacked(tmp_path, aircraft):
    with pytest.raises(DataError, match=r"variants\.txt"):  # one of the files that are not there
        aircraft(("fgvc-aircraft-2013b/data/a", tarfile.REGTYPE, ""))

    assert (tmp_path / "root/fgvc-aircraft-2013b/data/a").read_bytes() == b"own"


def test_python_without_filters_of_archives_opens_data_sets(monkeypatch):
    monkeypatch.delattr(tarfile.TarFile, "extraction_filter")  # as before 3.11.4

    assert len(Torchvision("FakeData", size=3, image_size=(1, 4, 4)).open().samples) == 3


def test_what_python_does_with_archives_is_left_as_it_was(aircraft):
    before = vars(tarfile.TarFile)["extraction_filter"]

    with pytest.raises(DataError):
        aircraft(("../escaped", tarfile.REGTYPE, ""))

    assert vars(tarfile.TarFile)["extraction_filter"] is before


def test_members_of_a_zip_stay_in_its_folder(tmp_path):
    """torchvision relies on Python here."""
    content = files.zipped({"../up": b"a", "/absolute": b"b", "c/../../../up": b"c"})
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/a.zip").write_bytes(content)

    extract_archive(tmp_path / "inner/a.zip")

    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert {path.name for path in (tmp_path / "inner").iterdir()} >= {"up", "absolute", "c"}


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"


def folder_of(root, content, n_images=3):
    """Return an image folder whose last image has the content."""
    (root / "a").mkdir(parents=True, exist_ok=True)
    for number in range(n_images):
        Image.new("RGB", (8, 8)).save(root / f"a/{number}.png")
    (root / f"a/{number}.png").write_bytes(content)
    return str(root)


def image_bytes(kind, mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, (16, 16)).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def trace(tmp_path, monkeypatch):
    """A file that a fake Ghostscript creates when it is started."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/trace\n")
    (binaries / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{binaries}:/usr/bin:/bin")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return tmp_path / "trace"


def test_pillow_would_start_ghostscript(trace):
    """Otherwise the test below could not fail."""
    with pytest.raises(OSError, match="cannot identify"), Image.open(io.BytesIO(EPS)) as image:
        image.load()

    assert trace.exists()


@pytest.mark.parametrize("num_workers", [0, 1])
def test_no_image_starts_ghostscript(tmp_path, trace, num_workers):
    root = folder_of(tmp_path / "root", image_bytes("PNG"), n_images=5)
    samples = Torchvision("ImageFolder", root=root).open().samples
    (tmp_path / "root/a/3.png").write_bytes(EPS)  # not one of those that are tried on opening

    with pytest.raises(DataError, match="sample 3 cannot be decoded"):
        decode_all(samples, 2**20, num_workers)

    assert not trace.exists()


def test_labels_are_looked_for_with_the_same_care(tmp_path, trace):
    with pytest.raises(DataError, match="cannot identify image file"):
        Torchvision("ImageFolder", root=folder_of(tmp_path / "root", EPS)).open()

    assert not trace.exists()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "MPO", "PPM", "BMP", "TIFF", "WEBP", "GIF"])
def test_common_formats_are_read(tmp_path, kind):
    raw = Torchvision("ImageFolder", root=folder_of(tmp_path, image_bytes(kind), 1)).open()

    assert raw.samples[0].size == (16, 16)


def test_no_other_format_is_read(tmp_path):
    for kind in ("DDS", "DIB", "EPS", "ICNS", "ICO", "JPEG2000", "PCX", "SGI", "SPIDER",
                 "TGA"):  # fmt: skip
        content = image_bytes(kind, "F" if kind == "SPIDER" else "RGB")
        with pytest.raises(DataError, match="cannot identify image file"):
            Torchvision("ImageFolder", root=folder_of(tmp_path, content, 1)).open()


def test_pillow_is_left_as_it_was(tmp_path):
    before = Image.open
    with pytest.raises(DataError):
        Torchvision("ImageFolder", root=folder_of(tmp_path, EPS)).open()

    assert Image.open is before


def test_an_image_of_ten_thousand_million_pixels_is_named_and_not_decoded(tmp_path):
    root = folder_of(tmp_path, image_bytes("PNG"), n_images=5)
    samples = Torchvision("ImageFolder", root=root).open().samples
    (tmp_path / "a/3.png").write_bytes(b"P5 100000 100000 255\n")

    with pytest.raises(DataError, match=r"sample 3 cannot be decoded \(Decomp.*; make it smaller"):
        decode_all(samples, 2**20)
    (tmp_path / "a/4.png").write_bytes(b"P5 100000 100000 255\n")
    with pytest.raises(DataError, match=r"cannot be read .*10000000000 pixels"):
        Torchvision("ImageFolder", root=root).open()
