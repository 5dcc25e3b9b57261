import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image
from torchvision import datasets as tv_sets

from dcrf.data.decoding import decode_all
from dcrf.data.sources.load import open_data
from dcrf.data.sources.torchvision import Torchvision
from dcrf.errors import DataError

REAL = Path(__file__).parents[4] / "datasets"
RNG = np.random.default_rng(0)


def decoded_one_by_one(dataset):
    """All samples of a torchvision data set as torchvision itself decodes them."""
    pixels = [np.array(dataset[i][0]) for i in range(len(dataset))]
    return torch.from_numpy(np.stack([p.reshape(*p.shape[:2], -1) for p in pixels])).movedim(3, 1)


def assert_same_as_torchvision(raw, dataset):
    assert torch.equal(decode_all(raw.samples, 2**30), decoded_one_by_one(dataset))
    assert raw.labels.dtype == np.int64
    assert raw.labels.tolist() == [int(dataset[i][1]) for i in range(len(dataset))]


def listed(path, content):
    """Write a file, and give what torchvision's lists of files say of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return [path.name, hashlib.md5(content).hexdigest()]


def image_folder(root, sizes=((8, 8), (8, 8), (8, 8))):
    for number, size in enumerate(sizes):
        folder = root / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = RNG.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return {"root": str(root)}


def test_labels_of_a_class_that_keeps_none_come_from_its_items():
    options = {"size": 7, "image_size": [3, 4, 4], "num_classes": 5}

    assert_same_as_torchvision(
        Torchvision("FakeData", **options).open(), tv_sets.FakeData(**options)
    )


def test_an_image_folder_is_decoded_lazily_and_keeps_its_labels(tmp_path):
    options = image_folder(tmp_path)
    raw = Torchvision("ImageFolder", **options).open()

    assert isinstance(raw.samples[0], Image.Image)
    assert raw.labels.tolist() == [0, 1, 1]
    assert [Path(file) for file in raw.files] == sorted(tmp_path.glob("*/*.png"))
    assert_same_as_torchvision(raw, tv_sets.ImageFolder(**options))


def test_cifar10_is_read_from_its_array(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    pixels = RNG.integers(0, 256, (4, 3072), dtype=np.uint8)
    batch = pickle.dumps({"data": pixels, "labels": [3, 9, 3, 0]})
    meta = listed(folder / "meta", pickle.dumps({"label_names": list("0123456789")}))
    monkeypatch.setattr(tv_sets.CIFAR10, "train_list", [listed(folder / "batch", batch)])
    monkeypatch.setattr(tv_sets.CIFAR10, "test_list", [])
    meta = {"filename": meta[0], "md5": meta[1], "key": "label_names"}
    monkeypatch.setattr(tv_sets.CIFAR10, "meta", meta)
    raw = Torchvision("CIFAR10", root=str(tmp_path)).open()

    assert isinstance(raw.samples, torch.Tensor)
    assert_same_as_torchvision(raw, tv_sets.CIFAR10(str(tmp_path)))


def test_svhn_is_read_from_its_array(tmp_path, monkeypatch):
    path = tmp_path / "train.mat"
    pixels = RNG.integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    scipy.io.savemat(path, {"X": pixels, "y": np.array([[10], [1], [2], [1]])})
    listing = ["", *listed(path, path.read_bytes())]
    monkeypatch.setattr(tv_sets.SVHN, "split_list", {"train": listing})
    raw = Torchvision("SVHN", root=str(tmp_path)).open()

    assert isinstance(raw.samples, torch.Tensor)
    assert raw.labels.tolist() == [0, 1, 2, 1]
    assert_same_as_torchvision(raw, tv_sets.SVHN(str(tmp_path)))


@pytest.fixture
def stl10(tmp_path, monkeypatch):
    def pixels(n):
        return RNG.integers(0, 256, (n, 3, 96, 96), dtype=np.uint8).tobytes()

    folder = tmp_path / tv_sets.STL10.base_folder
    train = [listed(folder / "train_X.bin", pixels(2)), listed(folder / "train_y.bin", b"\x01\x0a")]
    train.append(listed(folder / "unlabeled_X.bin", pixels(1)))
    monkeypatch.setattr(tv_sets.STL10, "train_list", train)
    monkeypatch.setattr(tv_sets.STL10, "test_list", [])
    return str(tmp_path)


def test_stl10_is_read_from_its_array(stl10):
    raw = Torchvision("STL10", root=stl10).open()

    assert isinstance(raw.samples, torch.Tensor)
    assert raw.labels.tolist() == [0, 9]
    assert_same_as_torchvision(raw, tv_sets.STL10(stl10))


@pytest.mark.parametrize(("split", "n_samples"), [("unlabeled", 1), ("train+unlabeled", 3)])
def test_samples_without_a_class_leave_the_data_set_without_labels(stl10, split, n_samples):
    raw = Torchvision("STL10", root=stl10, split=split).open()

    assert raw.labels is None
    assert raw.notes == (f"1 of {n_samples} samples have no class, so the data set has no labels",)


def test_of_the_columns_of_qmnist_the_first_is_the_class(tmp_path):
    pixels = RNG.integers(0, 256, (3, 28, 28), dtype=np.uint8)
    columns = np.arange(24, dtype=">i4").reshape(3, 8)
    raw_folder = tmp_path / "QMNIST" / "raw"
    for name, kind, array in (("images-idx3-ubyte", 8, pixels), ("labels-idx2-int", 12, columns)):
        header = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        listed(raw_folder / f"qmnist-train-{name}", header + array.tobytes())
    raw = Torchvision("QMNIST", root=str(tmp_path)).open()

    assert raw.labels.tolist() == [0, 8, 16]
    assert_same_as_torchvision(raw, tv_sets.QMNIST(str(tmp_path)))


def test_semeion_is_read_from_its_array(tmp_path, monkeypatch):
    table = np.hstack([RNG.integers(0, 2, (4, 256)), np.eye(10, dtype=int)[[3, 0, 9, 3]]])
    text = "\n".join(" ".join(map(str, row)) for row in table).encode()
    checksum = listed(tmp_path / tv_sets.SEMEION.filename, text)[1]
    monkeypatch.setattr(tv_sets.SEMEION, "md5_checksum", checksum)
    raw = Torchvision("SEMEION", root=str(tmp_path), download=False).open()

    assert raw.labels.tolist() == [3, 0, 9, 3]
    assert_same_as_torchvision(raw, tv_sets.SEMEION(str(tmp_path), download=False))


def test_a_class_that_keeps_pairs_gives_their_labels(tmp_path):
    for split, number in (("train", 0), ("train", 1)):
        for name in ("negative", "positive"):
            path = tmp_path / "rendered-sst2" / split / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4), (number, 0, 0)).save(path)
    raw = Torchvision("RenderedSST2", root=str(tmp_path)).open()

    assert_same_as_torchvision(raw, tv_sets.RenderedSST2(str(tmp_path)))


def test_missing_files_are_an_error_that_suggests_the_download(tmp_path):
    with pytest.raises(DataError, match=r'MNIST cannot be opened.*"download": true') as caught:
        Torchvision("MNIST", root=str(tmp_path)).open()

    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE html><html></html>", b"\x00\x00\x08\x03", b"\x00\x00\x08\x03" + bytes(12)],
)
def test_a_damaged_file_is_to_be_removed_before_the_download(tmp_path, content):
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        path = tmp_path / "MNIST" / "raw" / f"{name}-ubyte"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    with pytest.raises(DataError, match=r"such as a web page; remove it, and .*again") as caught:
        Torchvision("MNIST", root=str(tmp_path)).open()

    assert ": )" not in str(caught.value)


def test_an_option_that_the_class_refuses_blames_no_file():
    with pytest.raises(DataError, match="Unknown value") as caught:
        Torchvision("EMNIST", root="nowhere", split="nonsense").open()

    assert "download" not in str(caught.value)


def test_a_class_that_cannot_download_does_not_suggest_it(tmp_path):
    with pytest.raises(DataError, match="look for its files in") as caught:
        Torchvision("ImageFolder", root=str(tmp_path / "nowhere")).open()

    assert "download" not in str(caught.value)


def test_a_failed_download_says_so(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    mirror = f"{(tmp_path / 'empty').as_uri()}/"
    monkeypatch.setattr(tv_sets.MNIST, "mirrors", [mirror])
    with pytest.raises(DataError, match="remove the files that it left in"):
        Torchvision("MNIST", root=str(tmp_path), download=True).open()


def test_a_damaged_sample_is_an_error_with_the_folder(tmp_path):
    options = image_folder(tmp_path, sizes=((8, 8),))
    (tmp_path / "dog" / "0.png").write_bytes(b"no picture")

    with pytest.raises(DataError, match="cannot be read"):
        Torchvision("ImageFolder", **options).open()


def test_a_data_set_without_samples_is_an_error():
    with pytest.raises(DataError, match="FakeData has no samples"):
        Torchvision("FakeData", size=0).open()


def test_refused_options_are_an_error():
    with pytest.raises(DataError, match="EMNIST cannot be opened"):
        Torchvision("EMNIST", root="anywhere", split="nonsense").open()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "folder", "n_train", "n_test"),
    [("MNIST", "mnist", 60000, 10000), ("FashionMNIST", "fashion_mnist", 60000, 10000),
     ("USPS", "usps", 7291, 2007)],
)  # fmt: skip
def test_arrays_of_real_data_equal_what_torchvision_decodes(name, folder, n_train, n_test):
    if not (REAL / folder).exists():
        pytest.skip(f"datasets/{folder} is missing")
    options = {"root": str(REAL / folder)}
    raw = open_data("torchvision", name, options, parts=[{"train": True}, {"train": False}])
    test = getattr(tv_sets, name)(options["root"], train=False)
    some = slice(n_train, n_train + 500)

    assert len(raw.samples) == n_train + n_test == len(raw.labels)
    assert set(raw.labels) == set(range(10))
    assert torch.equal(
        raw.samples[some], decoded_one_by_one(torch.utils.data.Subset(test, range(500)))
    )
    assert raw.labels[some].tolist() == [int(test[i][1]) for i in range(500)]
