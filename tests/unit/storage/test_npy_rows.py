"""Rows written part by part to a file of numpy."""

import numpy as np
import pytest

from dcrf.storage.npy_rows import NpyRows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_become_one_array(tmp_path, dtype):
    rows = np.arange(21, dtype=dtype).reshape(3, 7).T

    with (tmp_path / "rows.npy").open("wb") as stream:
        writer = NpyRows(stream, 7)
        for part in (rows[:4], rows[4:5], rows[5:]):
            writer.write(part)

    written = np.load(tmp_path / "rows.npy", allow_pickle=False)
    assert written.dtype == np.float32
    np.testing.assert_array_equal(written, rows)
