"""The pairs beside a method file are those of their generator."""

from runpy import run_path

import pytest

from dcrf.cli.find_files import ROOT
from tests.conftest import DATASETS

FOLDER = ROOT / "configurations" / "deep_constrained_clustering"


@pytest.mark.real_data
def test_the_file_is_that_of_its_generator():
    content = run_path(str(FOLDER / "write_pairs.py"))["content"]

    assert content(DATASETS / "usps") == (FOLDER / "pairs_usps.csv").read_text()
