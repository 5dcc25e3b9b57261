"""Hostile tables are refused with a sentence, and soon, whatever they unpack to."""

import gzip
import random
import resource
import time
from contextlib import suppress

import pytest

from dcrf.data.sources.csv import Csv
from dcrf.errors import DataError
from dcrf.safety import text_files

MIB = 2**20
SECONDS = 30
GROWTH = 700 * MIB

HOSTILE = {
    "columns": b"," * 10**8,  # 10^9 only take longer to pack
    "columns_below_a_header": b"a,b\n" + b"1," * 10**7,
    "line": b"1" * 10**8,
    "quoted_lines": b'a,b\n1,"' + b"x\n" * 10**7,
    "field": b"a,b\n1," + b"x" * 10**6 + b"\n",
    "header": b"a" * 10**6 + b"\n1\n",
    "names": b",".join([b"a"] * 300_000) + b"\n" + b",".join([b"1"] * 300_000),
    "terminal": b"a,b\n1,\x1b[31m\x07red\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_table_is_refused_soon_and_in_little_memory(tmp_path, name):
    file = tmp_path / "hostile.csv.gz"
    file.write_bytes(gzip.compress(HOSTILE[name], 1))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()

    for use in (Csv.open, Csv.outline):
        with pytest.raises(DataError) as raised:
            use(Csv("own", path=str(file)))
        assert "hostile.csv.gz" in str(raised.value)
        assert len(str(raised.value)) < 2000
        assert "\x1b" not in str(raised.value)
    assert time.process_time() - start < SECONDS
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < GROWTH


def test_a_bomb_of_blank_lines_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "GZIP_UNPACKED_BYTES", 10**6)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a\n1\n" + b"\n" * 10**7))

    for use in (Csv.open, Csv.outline):
        with pytest.raises(DataError, match="unpacks to more than"):
            use(Csv("own", path=str(tmp_path / "a.csv.gz")))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_damaged_tables_are_read_or_refused(tmp_path, pack):
    draw, file, refused = random.Random(0), tmp_path / "damaged.csv", 0
    content = pack(b'id,a,b,y\n"r1",1,2,u\nr2,3,,v\n"r ""3""",5e3,.6,"w\nw"\n' * 3)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(draw.choice([1, 1, 2, 8])):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        file.write_bytes(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])])
        table = Csv("own", path=str(file), id_column="id", label_column="y")
        with suppress(DataError):
            table.open()
            continue
        refused += 1

    assert refused > 50
