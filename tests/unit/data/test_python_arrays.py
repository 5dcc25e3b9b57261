"""Arrays handed over in Python become samples and labels."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dcrf.data.python_arrays import raw_arrays, raw_samples
from dcrf.errors import DataError

NUMBERS = np.arange(12.0).reshape(6, 2)
LABELS = np.arange(6) % 2
IMAGES = np.arange(180, dtype=np.uint8).reshape(2, 3, 5, 6)  # (N, C, H, W)


class Frame:
    """A data frame as pandas and polars have it."""

    def __init__(self, **columns):
        self.columns = list(columns)
        self._columns = {name: np.asarray(values) for name, values in columns.items()}

    def __len__(self):
        return len(next(iter(self._columns.values()), ()))

    def __getitem__(self, name):
        return SimpleNamespace(to_numpy=lambda: self._columns[name])

    def to_numpy(self):
        raise AssertionError("columns are read one by one")


def message(value):
    with pytest.raises(DataError) as raised:
        raw_arrays({"mine": value})
    return str(raised.value).removeprefix("data['mine']: ")


@pytest.mark.parametrize(
    "samples",
    [
        NUMBERS,
        NUMBERS.astype(np.float16),
        NUMBERS.astype(int),
        NUMBERS.astype(np.uint8),
        np.asfortranarray(NUMBERS),
        NUMBERS.tolist(),
        torch.from_numpy(NUMBERS),
        torch.from_numpy(NUMBERS).bfloat16(),
        torch.from_numpy(NUMBERS).float().requires_grad_(),
        Frame(a=NUMBERS[:, 0], b=NUMBERS[:, 1].astype(int)),
    ],
)
def test_numbers_of_any_kind_become_float32(samples):
    raw = raw_samples(samples)

    assert raw.samples.dtype == torch.float32
    assert not raw.samples.requires_grad
    assert torch.equal(raw.samples, torch.from_numpy(NUMBERS).float())
    assert raw.labels is None


@pytest.mark.parametrize("labels", [LABELS, LABELS.tolist(), torch.from_numpy(LABELS)])
def test_labels_are_the_second_of_a_pair(labels):
    raw = raw_arrays({"mine": (NUMBERS, labels), "other": (NUMBERS, None), "third": NUMBERS})

    assert raw["mine"].labels.dtype == np.int64
    assert raw["mine"].labels.tolist() == LABELS.tolist()
    assert raw["other"].labels is raw["third"].labels is None


@pytest.mark.parametrize(
    "images", [torch.from_numpy(IMAGES), IMAGES.transpose(0, 2, 3, 1), IMAGES[:, 0]]
)
def test_images_have_channels_last_in_numpy_and_first_in_torch(images):
    raw = raw_samples(images)

    n_channels = 1 if images.ndim == 3 else 3
    assert raw.samples.dtype == torch.uint8
    assert torch.equal(raw.samples, torch.from_numpy(IMAGES[:, :n_channels]))


def test_float32_is_not_copied():
    samples = NUMBERS.astype(np.float32)

    assert raw_samples(samples).samples.data_ptr() == samples.ctypes.data


def test_a_value_that_is_not_finite_is_named_with_its_row():
    samples = NUMBERS.copy()
    samples[4, 1] = np.nan

    assert message(samples) == "sample 4 has a value that is not finite (nan)"
    assert message(Frame(a=LABELS, b=samples[:, 1])) == "row 4 of column 'b' is not finite (nan)"


def test_text_columns_of_a_data_frame_hold_categories():
    raw = raw_samples(Frame(age=[1, 2, 3], city=["Rome", "Bern", "Rome"]))

    assert raw.columns == ["age", "city=Bern", "city=Rome"]
    assert raw.samples.tolist() == [[1, 0, 1], [2, 1, 0], [3, 0, 1]]
    assert raw.notes == ("categories, each a column of 0 and 1: 2 in 'city'",)


def test_new_rows_are_encoded_as_the_training_data():
    trained = raw_samples(Frame(age=[1, 2, 3], city=["Rome", "Bern", "Rome"]))

    new = raw_samples(Frame(city=["Oslo", "Bern"], other=[0, 0], age=[4, 5]), trained.encoding)

    assert new.samples.tolist() == [[4, 0, 0], [5, 1, 0]]
    assert "'Oslo'" in new.notes[0]


def test_texts_that_are_no_categories_are_refused():
    names = Frame(age=range(20), name=[f"n{i}" for i in range(20)])
    gaps = Frame(age=[1, 2], city=np.array(["Rome", None], object))

    assert message(names).startswith("column 'name' has another text in every row")
    assert message(gaps) == "row 1 of column 'city' has no value; fill it or drop the row"


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ((NUMBERS, LABELS, LABELS), "expected (samples, labels), got a tuple of 3 values"),
        ((NUMBERS, LABELS[:3]), "labels have the shape (3,); expected (6,)"),
        ((NUMBERS, ["a", "b"] * 3), "numpy.unique(labels, return_inverse=True)[1]"),
        ((NUMBERS, LABELS + 0.5), "labels are of type float64; expected integers"),
        ((NUMBERS, 3), "labels are of type int; expected an array"),
        (None, "samples are of type NoneType; expected an array"),
        ("my_data.npz", "samples are of type str; expected an array"),
        ([[1, 2], [3]], "samples are not an array"),
        (np.array([["1", "2"]]), "samples are of type <U1; expected numbers"),
        (NUMBERS[:, 0], "samples have the shape (6,); expected (N, d)"),
        (NUMBERS[:0], "samples have the shape (0, 2)"),
        (np.ma.masked_less(NUMBERS, 3), "samples have masked values"),
        (torch.from_numpy(IMAGES).permute(0, 2, 3, 1), "images of torch are (N, C, H, W)"),
        (IMAGES, "images are (N, H, W) or (N, H, W, C)"),
        (NUMBERS * 1e300, "too large for float32"),
        (Frame(), "no column is left for the samples"),
    ],
)
def test_what_cannot_be_samples_and_labels_is_refused(value, part):
    assert part in message(value)


def test_columns_with_the_same_name_are_refused():
    frame = Frame(a=LABELS)
    frame.columns = ["a", "a"]

    assert message(frame) == "two columns have the name 'a'"


def test_data_frames_of_pandas_are_accepted():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "c": [True, False]})
    nullable = pandas.DataFrame({"a": pandas.array([1, 2], dtype="Int64")})
    missing = pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64")})
    series = pandas.Series([1, 0])

    assert raw_samples(frame).samples.tolist() == [[1, 3, 1], [2, 4, 0]]
    assert raw_samples(nullable).samples.tolist() == [[1], [2]]
    assert message(missing) == "row 1 of column 'a' is not finite (nan)"
    for kind in ("object", "category", "string"):
        texts = pandas.DataFrame({"t": ["x", "y"]}).astype(kind)
        assert raw_samples(texts).samples.tolist() == [[1, 0], [0, 1]]
    assert raw_arrays({"mine": (frame, series)})["mine"].labels.tolist() == [1, 0]
