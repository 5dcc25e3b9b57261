"""Hostile files: they run code, are damaged, or unpack to far more than their size."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch


class Payload:
    """An object that creates a folder when it is unpickled."""

    def __init__(self, trace: Path, call: str = "mkdir") -> None:
        self.trace, self.call = trace, call

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        import os  # noqa: PLC0415 - the pickle names it

        if self.call == "system":
            return os.system, (f"mkdir {self.trace}",)
        if self.call == "eval":
            return eval, (f"__import__('os').mkdir({str(self.trace)!r})",)
        return os.mkdir, (str(self.trace),)


def tensor_files(trace: Path) -> dict[str, bytes]:
    """Return name -> content of files that must be refused as files of tensors."""
    right = saved({"net.0.weight": torch.zeros(4, 4), "centroids": torch.zeros(3, 4)})
    files = {
        "empty": b"",
        "text": b"hello",
        "truncated": right[: len(right) // 2],
        "headless": right[10:],
        "a_list": saved([torch.zeros(2)]),
        "random": bytes(range(256)) * 20,
        "an_open_brace": b"\x80\x02}q\x00.",
        "archive_without_tensors": zipped({"readme.txt": b"no"}),
        "archive_of_nothing": zipped({}),
        "archive_with_paths": zipped({"../../x/data.pkl": b"\x80\x02}q\x00.", "/abs": b""}),
        "opcode_bomb": b"\x80\x04" + b"(" * 100_000 + b".",
        "deep_list": b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".",
        "missing_storage": zipped({"archive/data.pkl": pickled_of(right), "archive/version": b"3"}),
        "script_module": zipped({"m/constants.pkl": b"\x80\x02).", "m/data.pkl": b"\x80\x02}."}),
        "before_torch_1.6": saved({"centroids": torch.zeros(3, 4)}, legacy=True),
        "one_storage_by_many_names": renamed(right, "data/0", "data/a"),
        "far_too_many_opcodes": with_pickle(b"\x80\x02](" + b"N" * 2**24 + b"e."),
    }
    files |= {name: with_pickle(pickle) for name, pickle in endless_pickles().items()}
    for call in ("mkdir", "system", "eval"):
        payload = pickle.dumps({"net.0.weight": Payload(trace, call)}, protocol=2)
        files |= {
            f"pickle_{call}": payload,
            f"pickle_of_protocol_0_{call}": pickle.dumps(Payload(trace, call), protocol=0),
            f"torch_{call}": saved({"net.0.weight": Payload(trace, call)}),
            f"torch_legacy_{call}": saved({"w": Payload(trace, call)}, legacy=True),
            f"archive_{call}": zipped({"archive/data.pkl": payload, "archive/version": b"3\n"}),
        }
    return files


def endless_pickles() -> dict[str, bytes]:
    """Return name -> pickle that torch allows, and that hangs, fills memory or the C stack."""
    letters = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(100_000))
    begin, key, size = b"\x80\x02}", text("a"), b"\x8a\x08" + (3 * 2**30).to_bytes(8, "little")
    doubled = key + b"q\x00" + b"".join(b"h%c\x86q%c" % (n - 1, n) for n in range(1, 60))
    lists = b"]q\x00" + b"".join(b"]q%c(h%ch%ce" % (n, n - 1, n - 1) for n in range(1, 60))
    storage = (
        b"(" + text("storage") + b"ctorch\nFloatStorage\n" + doubled + text("cpu") + b"K\x01tQ"
    )
    pairs = b"](](" + doubled + b"Neee"
    return {
        "punycode": begin
        + key
        + b"c_codecs\nencode\n"
        + text(letters)
        + text("punycode")
        + b"\x86Rs.",
        "bytearray": begin + key + b"c__builtin__\nbytearray\n" + size + b"\x85Rs.",
        "doubled_tuples": begin + doubled + b"Ns.",
        "doubled_lists": begin + key + lists + b"s.",
        "doubled_tuples_as_pairs": begin
        + key
        + b"ccollections\nOrderedDict\n"
        + pairs
        + b"\x85Rs.",
        "doubled_tuples_as_a_storage": begin + key + storage + b"s.",
        "doubled_tuples_called": begin + doubled + b")Rs.",
        "deep_tuples": begin + b")" + b"\x85" * 200_000 + b"Ns.",
        "a_list_in_itself": begin + key + b"]q\x00h\x00as.",
        "hidden_reference": begin + key + b"]q\x00]h\x00h\x00\x86aa.",
    }


def text(words: str) -> bytes:
    """Return the opcode that pushes a text."""
    return b"X" + len(words.encode()).to_bytes(4, "little") + words.encode()


def array_files(trace: Path) -> dict[str, bytes]:
    """Return name -> content of files that must be refused as files of arrays."""
    objects = np.array([Payload(trace), 1], dtype=object)
    numbers = np.zeros((4, 3), np.float32)
    right = array_bytes(numbers)
    code = f"__import__('os').mkdir({str(trace)!r})"
    return {
        "empty": b"",
        "text": b"hello",
        "random": bytes(range(256)) * 20,
        "pickle": pickle.dumps(Payload(trace), protocol=2),
        "pickle_of_protocol_0": pickle.dumps(Payload(trace), protocol=0),
        "objects": array_bytes(objects),
        "objects_in_fields": array_bytes(np.zeros(3, dtype=[("a", object), ("b", "f4")])),
        "truncated": right[:-5],
        "only_a_header": right[:128],
        "half_a_header": right[:40],
        "code_in_the_header": npy(code),
        "code_as_the_type": npy(f"{{'descr': {code}, 'fortran_order': False, 'shape': (4, 3)}}"),
        "code_as_the_shape": npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {code}}}"),
        "far_too_large": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10**12, 3)}"),
        "far_too_large_number": npy(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3)}"
        ),
        "larger_than_numbers": npy(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9)}"
        ),
        "negative": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, 3)}"),
        "huge_items": npy("{'descr': '|V2000000000', 'fortran_order': False, 'shape': (2, 1)}"),
        "long_header": npy("{'descr': '<f4', " + " " * 60_000 + "}"),
        "deep_header": npy("(" * 9000),
        "text_array": array_bytes(np.array([["a", "b"]])),
        "dates": array_bytes(np.zeros((2, 2), "datetime64[s]")),
    }


def array_archives(trace: Path) -> dict[str, bytes]:
    """Return name -> content of files that must be refused as archives of arrays `samples`."""
    inner = {name: zipped({"samples.npy": c}) for name, c in array_files(trace).items()}
    right = zipped({"samples.npy": array_bytes(np.zeros((40, 3), np.float32))})
    return inner | {
        "archive_of_nothing": zipped({}),
        "archive_cut_off": right[: len(right) // 2],
        "archive_headless": right[20:],
        "archive_with_paths": zipped({"../../samples.npy": array_bytes(np.zeros((2, 2)))}),
        "pickled_labels": zipped(
            {
                "samples.npy": array_bytes(np.zeros((2, 2), np.float32)),
                "labels.npy": array_bytes(np.array([Payload(trace), 1], dtype=object)),
            }
        ),
    }


def claiming(archive: bytes, size: int) -> bytes:
    """Return an archive whose directory claims that each member unpacks to `size` bytes."""
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(buffer, "a") as file:
        for member in file.infolist():
            member.file_size = size
        file.comment = b"changed"  # else it would not be written anew
    return buffer.getvalue()


def saved(content: object, *, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def pickled_of(archive: bytes) -> bytes:
    """Return the pickle in a file that torch saved."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return file.read(next(name for name in file.namelist() if name.endswith("data.pkl")))


def with_pickle(pickle: bytes) -> bytes:
    """Return an archive of torch with this pickle."""
    with zipfile.ZipFile(io.BytesIO(saved({"a": torch.zeros(1)}))) as file:
        members = {name: file.read(name) for name in file.namelist()}
    return zipped(members | {"archive/data.pkl": pickle})


def renamed(archive: bytes, old: str, new: str) -> bytes:
    """Return an archive with a renamed member; both names have the same length."""
    return archive.replace(old.encode(), new.encode())


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def array_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)  # objects are pickled; what reads them must not unpickle them
    return buffer.getvalue()


def npy(header: str) -> bytes:
    """Return an array file with a header and 48 bytes of numbers."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x02\x00" + len(text).to_bytes(4, "little") + text + bytes(48)
