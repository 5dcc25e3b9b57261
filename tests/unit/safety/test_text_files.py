import gzip
import os

import pytest

from dcrf.errors import DataError
from dcrf.safety import text_files
from dcrf.safety.text_files import text_lines


def lines_of(path):
    with text_lines(path) as lines:
        return list(lines)


def refusal(path):
    with pytest.raises(DataError) as raised:
        lines_of(path)
    return str(raised.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_keep_their_ends_and_lose_the_byte_order_mark(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack("\ufeffä\r\nb\n\nc".encode()))

    assert lines_of(tmp_path / "a") == ["ä\r\n", "b\n", "\n", "c"]


def test_a_file_may_be_left_early(tmp_path):
    (tmp_path / "a").write_text("a\nb\n")

    with text_lines(tmp_path / "a") as lines:
        assert next(lines) == "a\n"


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "TEXT_LINE_CHARACTERS", 5)
    (tmp_path / "a").write_text("abcd\nabcde\n")

    assert refusal(tmp_path / "a") == "line 2 has more than 5 characters"


def test_a_bomb_is_refused_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "GZIP_UNPACKED_BYTES", 2**30)
    (tmp_path / "a").write_bytes(gzip.compress(b"a\n" * 1000))
    assert len(lines_of(tmp_path / "a")) == 1000

    monkeypatch.setattr(text_files, "GZIP_UNPACKED_BYTES", 1000)
    assert "it unpacks to more than" in refusal(tmp_path / "a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04", "a zip archive or a workbook"),
        (b"PAR1", "Parquet"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"a\nb\xff", "not UTF-8: byte 0xff"),
        (gzip.compress(b"a" * 1000, mtime=0)[:-10], "cannot be read"),
        (b"\x1f\x8b\x08rest", "cannot be read"),
    ],
)
def test_other_content_is_refused(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)

    assert message in refusal(tmp_path / "a")


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none"):
        assert "regular file" in refusal(path) or "does not exist" in refusal(path)
