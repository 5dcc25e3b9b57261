"""The source `sklearn`: bundled data sets in [0, 1]."""

import pytest
import torch

from dcrf.data.sources.load import open_data
from dcrf.errors import DataError


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
