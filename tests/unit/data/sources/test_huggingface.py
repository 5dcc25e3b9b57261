"""The source `huggingface`: images, arrays and labels that the package datasets saved."""

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from dcrf.data.decoding import decode_all
from dcrf.data.sources.huggingface import Huggingface
from dcrf.data.sources.image_folder import ImageFolder
from dcrf.errors import DataError, OptionError

pytest.importorskip("datasets.features")  # the folder ./datasets imports as `datasets`, too
hub = pytest.importorskip("datasets")

PIXELS = [np.arange(60).reshape(4, 5, 3).astype(np.uint8) + n for n in range(4)]
IMAGES = [Image.fromarray(pixels) for pixels in PIXELS]
NAMES = hub.ClassLabel(names=["a", "b"])


def saved(folder, features=None, **columns):
    table = hub.Dataset.from_dict(columns, features=hub.Features(features) if features else None)
    table.save_to_disk(folder)
    return folder


def pictures(folder, labels=(0, 1, 1, 0)):
    features = {"image": hub.Image(), "label": NAMES}
    return saved(folder, features, image=IMAGES, label=list(labels))


def numbers(folder, values, feature, **columns):
    return saved(folder, {"x": feature, **dict.fromkeys(columns, hub.Value("int8"))}, x=values,
                 **columns)  # fmt: skip


def source(folder, **options):
    return Huggingface("own", path=str(folder), **options)


def test_images_are_decoded_as_those_of_a_folder(tmp_path):
    for number, image in enumerate(IMAGES):
        (tmp_path / "png").mkdir(exist_ok=True)
        image.save(tmp_path / f"png/{number}.png")
    expected = decode_all(ImageFolder("own", path=str(tmp_path / "png")).open().samples, 10**6)

    raw = source(pictures(tmp_path / "hub")).open()

    assert torch.equal(decode_all(raw.samples, 10**6), expected)
    assert raw.labels.tolist() == [0, 1, 1, 0]
    assert [file.endswith(".arrow") for file in raw.files] == [True]


def test_workers_decode_images(tmp_path):
    samples = source(pictures(tmp_path / "hub")).open().samples

    assert torch.equal(decode_all(samples, 10**6, 2), decode_all(samples, 10**6))


@pytest.mark.parametrize(
    ("feature", "values", "expected"),
    [
        (hub.List(hub.Value("float64")), [[1.5, 2], [3, 4]], [[1.5, 2], [3, 4]]),
        (hub.List(hub.Value("int8"), length=2), [[1, 2], [3, -4]], [[1, 2], [3, -4]]),
        (hub.List(hub.Value("uint8")), [[1, 200], [3, 4]], [[1, 200], [3, 4]]),
        (hub.Array2D((1, 2), "float32"), [[[1, 2]], [[3, 4]]], [[[1, 2]], [[3, 4]]]),
        (hub.List(hub.List(hub.Value("float32"))), [[[1, 2]], [[3, 4]]], [[[1, 2]], [[3, 4]]]),
    ],
    ids=str,
)
def test_arrays_and_lists_of_numbers_are_float32(tmp_path, feature, values, expected):
    one = source(numbers(tmp_path / "hub", values, feature), samples_key="x")
    raw, outline = one.open(), one.outline()

    assert torch.equal(raw.samples, torch.tensor(expected, dtype=torch.float32))
    assert raw.labels is None
    assert [(e.shape, e.dtype) for e in outline.examples] == [(raw.samples[0].shape, torch.float32)]
    assert (outline.n_samples, outline.has_labels, outline.notes) == (2, False, raw.notes)


def test_arrays_of_uint8_are_images(tmp_path):
    one = source(
        numbers(tmp_path / "hub", PIXELS, hub.Array3D((4, 5, 3), "uint8")), samples_key="x"
    )

    expected = torch.tensor(np.array(PIXELS)).permute(0, 3, 1, 2)
    assert torch.equal(one.open().samples, expected)
    assert [(e.shape, e.dtype) for e in one.outline().examples] == [((3, 4, 5), torch.uint8)]


@pytest.mark.parametrize(
    ("labels", "feature", "expected"),
    [
        ([3, 1, 3, 7], hub.Value("int16"), [3, 1, 3, 7]),
        (["b", "a", "b", "c"], hub.Value("string"), [1, 0, 1, 2]),
        ([True, False, True, True], hub.Value("bool"), [1, 0, 1, 1]),
        (["a", "b", "b", "a"], NAMES, [0, 1, 1, 0]),
    ],
    ids=str,
)
def test_labels_are_classes_integers_or_texts(tmp_path, labels, feature, expected):
    features = {"x": hub.List(hub.Value("float32")), "y": feature}
    folder = saved(tmp_path / "hub", features, x=[[1.0]] * 4, y=labels)

    assert source(folder, samples_key="x", labels_key="y").open().labels.tolist() == expected


@pytest.mark.parametrize("missing", [None, -1])
def test_samples_without_a_class_leave_no_labels(tmp_path, missing):
    one = source(pictures(tmp_path / "hub", (0, missing, 1, missing)))

    assert one.open().labels is None
    assert one.open().notes == one.outline().notes
    assert one.open().notes[0].startswith("2 of 4 samples have no class")
    assert one.outline().has_labels is False


def test_a_part_is_chosen_by_its_name(tmp_path):
    table = hub.Dataset.from_dict({"x": [[1.0], [2.0], [3.0]]})
    hub.DatasetDict(train=table, test=table.select([2, 0])).save_to_disk(tmp_path / "two")
    hub.DatasetDict(test=table.select([2])).save_to_disk(tmp_path / "one")

    assert source(tmp_path / "two", samples_key="x", split_name="test").open().samples.tolist() == [
        [3], [1],
    ]  # fmt: skip
    assert source(tmp_path / "one", samples_key="x").open().samples.tolist() == [[3]]
    for split in (None, "tset"):
        with pytest.raises(OptionError, match="it has: train, test") as caught:
            source(tmp_path / "two", samples_key="x", split_name=split).outline()
        assert caught.value.key == "split_name"
        assert caught.value.known == ("train", "test")


def test_images_of_several_sizes_are_named(tmp_path):
    images = [Image.new("L", size) for size in ((4, 4), (4, 4), (8, 4))]
    folder = saved(tmp_path / "hub", {"image": hub.Image()}, image=images)

    assert source(folder).outline().origins == ("sample 0", "sample 2")


PROBLEMS = {
    "an unknown column": ({"samples_key": "img"}, "samples_key", "no column 'img'; it has: image"),
    "an unknown label": ({"labels_key": "class"}, "labels_key", "no column 'class'"),
    "texts": ({"samples_key": "text"}, "samples_key", "values of type string"),
    "a number": ({"samples_key": "n"}, "samples_key", r"shape \(2,\); expected \(N, d\)"),
    "classes": ({"samples_key": "label"}, "samples_key", "values of type int64"),
    "NaN": ({"samples_key": "nan"}, "", "sample 1 has a value that is not finite"),
    "ragged": ({"samples_key": "ragged"}, "", r"sample 0 has \(1,\), and sample 1 \(2,\)"),
    "missing": ({"samples_key": "missing"}, "", r"sample 0 has \(1,\), and sample 1 \(\)"),
    "fractions": ({"labels_key": "half"}, "labels_key", "expected classes, integers or texts"),
}


@pytest.fixture
def mixed(tmp_path):
    columns = {
        "image": IMAGES[:2],
        "label": [0, 1],
        "text": ["a", "b"],
        "n": [1.0, 2.0],
        "nan": [[1.0], [float("nan")]],
        "ragged": [[1.0], [1.0, 2.0]],
        "missing": [[1.0], None],
        "half": [0.5, 1.0],
    }
    table = hub.Dataset.from_dict(columns)
    table.cast_column("label", NAMES).cast_column("image", hub.Image()).save_to_disk(tmp_path / "m")
    return tmp_path / "m"


@pytest.mark.parametrize("problem", PROBLEMS)
def test_columns_that_are_no_data_are_problems(mixed, problem):
    options, key, message = PROBLEMS[problem]

    with pytest.raises(DataError, match=message):
        source(mixed, **options).open()
    if key:
        with pytest.raises(OptionError) as caught:
            source(mixed, **options).outline()
        assert caught.value.key == key


def test_a_broken_image_is_named(tmp_path):
    features = {"image": hub.Image(decode=False)}
    folder = saved(tmp_path / "hub", features, image=[{"bytes": b"no image", "path": None}, None])
    samples = source(folder).open().samples

    with pytest.raises(DataError, match=r"sample 0 cannot be read \(its format is unknown\)"):
        samples[0]
    with pytest.raises(DataError, match=r"sample 1 .*does not hold its content"):
        samples[1]
    with pytest.raises(OptionError, match="sample 0 cannot be read"):
        source(folder).outline()


def test_files_beside_the_data_set_are_not_opened(tmp_path):
    """A data set may come from a stranger, and a path in it may lead anywhere."""
    IMAGES[0].save(tmp_path / "own.png")
    plain = {"image": {"bytes": hub.Value("binary"), "path": hub.Value("string")}}
    rows = [{"bytes": None, "path": str(tmp_path / "own.png")}]
    info = saved(tmp_path / "hub", plain, image=rows) / "dataset_info.json"
    content = json.loads(info.read_text())
    content["features"] = {"image": {"_type": "Image"}}
    info.write_text(json.dumps(content))
    assert hub.load_from_disk(tmp_path / "hub")[0]["image"].size == (5, 4)

    with pytest.raises(DataError, match="does not hold its content"):
        source(tmp_path / "hub").open().samples[0]


def test_other_folders_are_errors(tmp_path):
    folder = pictures(tmp_path / "hub")
    (arrow,) = folder.glob("*.arrow")
    arrow.write_bytes(arrow.read_bytes()[:100])
    (tmp_path / "empty").mkdir()
    hub.Dataset.from_dict({"image": []}).save_to_disk(tmp_path / "none", num_shards=1)

    for place, message in (("hub", "cannot be read"), ("empty", "cannot be read"),
                           ("nowhere", "does not exist"), ("none", "no samples")):  # fmt: skip
        with pytest.raises(OptionError, match=message) as caught:
            source(tmp_path / place).outline()
        assert caught.value.key == "path"
        with pytest.raises(DataError, match=rf"data set own in .*{message}"):
            source(tmp_path / place).open()


def test_without_the_package_the_error_names_the_command(tmp_path, monkeypatch):
    folder = pictures(tmp_path / "hub")
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(DataError, match=r"pip install 'dcrf\[huggingface\]'"):
        source(folder).open()
