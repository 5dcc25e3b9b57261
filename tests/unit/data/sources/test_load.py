import numpy as np
import pytest
import torch

from dcrf.data.sources.load import SOURCES, open_data
from dcrf.errors import DataError


def saved(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return {"path": str(path)}


def test_the_sources_are_known_by_name_and_the_table_is_frozen():
    assert set(SOURCES) == {"npy", "npz", "sklearn", "torchvision"}
    with pytest.raises(TypeError):
        SOURCES["other"] = open_data


def test_digits_are_images_in_the_unit_interval():
    raw = open_data("sklearn", "load_digits", {})

    assert raw.samples.shape == (1797, 1, 8, 8)
    assert raw.samples.dtype == torch.float32
    assert (raw.samples.min(), raw.samples.max()) == (0, 1)
    assert raw.labels[:4].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "shape"),
    [("load_iris", (150, 4)), ("load_wine", (178, 13)), ("load_breast_cancer", (569, 30))],
)
def test_columns_of_tables_reach_from_0_to_1(name, shape):
    raw = open_data("sklearn", name, {})

    assert raw.samples.shape == shape
    assert raw.samples.dtype == torch.float32
    torch.testing.assert_close(raw.samples.amin(0), torch.zeros(shape[1]))
    torch.testing.assert_close(raw.samples.amax(0), torch.ones(shape[1]))
    assert len(raw.labels) == shape[0]


def test_an_unknown_sklearn_set_is_an_error_that_lists_the_known_ones():
    with pytest.raises(DataError, match="load_digits, load_breast_cancer, load_iris, load_wine"):
        open_data("sklearn", "load_diabetes", {})


def test_parts_change_options_and_the_range_counts_over_all_parts(tmp_path):
    options = saved(tmp_path, a=np.array([[0.0], [1.0]]), b=np.array([[2.0], [3.0]]))
    parts = [{"samples_key": "a"}, {"samples_key": "b"}]
    raw = open_data("npz", "mine", options, parts=parts, first=1, last=2)

    assert raw.samples.flatten().tolist() == [1, 2]


def test_a_range_error_names_the_data_set(tmp_path):
    with pytest.raises(DataError, match=r"data set mine: .*there are 3 samples"):
        open_data("npz", "mine", saved(tmp_path, samples=np.ones((3, 2))), last=3)
