import pytest

from dcrf.data.sources.shapes_2d import Shapes2d
from dcrf.errors import OptionError


def shapes(num_objects=20, min_clusters=1):
    return Shapes2d("points", num_objects, 30, min_clusters, 0.05)


def test_the_greatest_number_of_clusters_is_that_of_the_data_set():
    maker = shapes([10, 20], min_clusters=2).problems(4)

    assert (maker.min_objects, maker.max_objects) == (10, 20)
    assert (maker.min_clusters, maker.max_clusters, maker.deviation) == (2, 4, 0.05)


def test_the_outline_has_the_greatest_number_of_objects():
    (example,) = shapes([10, 20]).outline().examples

    assert example.shape == (20, 2)
    assert shapes(12).outline().examples[0].shape == (12, 2)
    assert shapes().outline().n_samples == 30


def test_numbers_that_do_not_go_together_are_errors_of_their_key():
    with pytest.raises(OptionError) as raised:
        shapes(3).problems(4)
    assert raised.value.key == "num_objects"
    with pytest.raises(OptionError) as raised:
        shapes(min_clusters=5).problems(4)
    assert raised.value.key == "min_clusters"
