import numpy as np
import pytest

from dcrf.data.sources.load import open_data
from dcrf.errors import DataError


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
