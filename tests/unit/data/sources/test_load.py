from pathlib import Path

import numpy as np
import pytest

from dcrf.data.sources.load import open_data, source_of_file
from dcrf.errors import DataError, OptionError


def saved(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return {"path": str(path)}


def test_parts_change_options_and_the_range_counts_over_all_parts(tmp_path):
    options = saved(tmp_path, a=np.array([[0.0], [1.0]]), b=np.array([[2.0], [3.0]]))
    parts = [{"samples_key": "a"}, {"samples_key": "b"}]
    raw = open_data("npz", "mine", options, parts=parts, first=1, last=2)

    assert raw.samples.flatten().tolist() == [1, 2]


def test_a_range_error_names_the_data_set(tmp_path):
    with pytest.raises(DataError, match=r"data set mine: .*does not fit 3 samples"):
        open_data("npz", "mine", saved(tmp_path, samples=np.ones((3, 2))), last=3)


def test_the_source_of_a_file_has_all_options():
    file = Path("notes.csv")

    assert source_of_file(file, {"has_header": True}) == "csv"
    assert source_of_file(file, {"has_header": True, "text_column": "note"}) == "text"
    with pytest.raises(
        OptionError, match=r'"text_column": "note" is an option of text, .* is an option of csv'
    ):
        source_of_file(file, {"text_column": "note", "missing_values": "mean"})
