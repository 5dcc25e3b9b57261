"""The documents beside the method files are those of their generator, and form clusters."""

import csv
from collections import Counter
from runpy import run_path

import dcrf
from dcrf.cli.find_files import ROOT

FOLDER = ROOT / "configurations" / "fixed_representatives"
FILE = FOLDER / "topics.csv"


def test_the_file_is_that_of_its_generator():
    assert run_path(str(FOLDER / "write_topics.py"))["content"]() == FILE.read_text()


def test_it_has_documents_of_balanced_topics():
    with FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert {*Counter(row["topic"] for row in rows).values()} == {40}
    assert len({row["id"] for row in rows}) == len(rows) == 400
    assert FILE.stat().st_size < 100_000


def test_a_method_finds_topics_in_it():
    method = FOLDER / "fixed_representatives_km50_topics.json"

    trained = dcrf.run(method, settings=["phases[training].exit_criteria.epochs=100"], seed=0)

    assert trained.scores["topics"]["nmi"] > 0.3
