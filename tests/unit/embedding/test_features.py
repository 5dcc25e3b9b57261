"""Features of images, their files, and when nothing is computed again."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from dcrf.data.sources.load import open_data
from dcrf.data.sources.provenance import read_provenance
from dcrf.data.sources.raw_data import RawData
from dcrf.embedding.features import embed, feature_batches
from dcrf.embedding.networks import Network
from dcrf.errors import DataError


class Means(nn.Module):
    """Maps images to the means of their channels times a parameter."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([scale]))
        self.calls = 0

    def forward(self, images):
        self.calls += 1
        return images.mean((2, 3)) * self.scale


def preprocess(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[:, :4, :4].float() / 255


def network(scale=1.0, **changes):
    module = Means(scale)
    others = {"is_pretrained": True, **changes}
    return Network("own/means", "own 1", module, preprocess, module, **others)


def folder_of(path, n=7):
    random = np.random.default_rng(0)
    for index in range(n):
        folder = path / f"class_{index % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        values = random.integers(0, 256, (5, 6, 3), dtype=np.uint8)
        Image.fromarray(values).save(folder / f"{index}.png")
    return open_data("image_folder", "images", {"path": str(path)})


def run(images, own, file, **changes):
    done = []
    options = {"batch_size": 3, "device": "cpu", "progress": done.append, **changes}
    provenance, was_there = embed(images, "my images", own, file, **options)
    return provenance, was_there, done


def test_features_labels_ids_and_provenance_are_written(tmp_path):
    images = folder_of(tmp_path / "images")
    file = tmp_path / "features.npy"

    provenance, was_there, done = run(images, network(2.0), file)

    features = np.load(file)
    expected = [2 * preprocess(images.samples[i]).mean((1, 2)).numpy() for i in range(7)]
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, rtol=1e-5)
    assert done == [3, 3, 1]
    assert not was_there
    assert np.load(tmp_path / "features_labels.npy").tolist() == images.labels.tolist()
    assert np.load(tmp_path / "features_ids.npy").tolist() == images.ids
    content = json.loads((tmp_path / "features.json").read_text())
    assert content["model"] == "own/means"
    assert content["may_have_seen_labels"] is True
    assert (content["n_samples"], content["n_features"]) == (7, 3)
    assert content["features_sha256"] == provenance.features_sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "features.json", "features.npy", "features_ids.npy", "features_labels.npy", "images",
    ]  # fmt: skip


def test_images_without_labels_and_names_have_neither_file(tmp_path):
    images = RawData(torch.zeros(4, 1, 5, 5, dtype=torch.uint8), None)

    provenance, _, _ = run(images, network(), tmp_path / "features.npy")

    assert (provenance.labels, provenance.ids) == (None, None)
    assert len([*tmp_path.iterdir()]) == 2


def test_the_same_images_network_and_parameters_are_not_computed_again(tmp_path):
    images, file = folder_of(tmp_path / "images"), tmp_path / "features.npy"
    first, _, _ = run(images, network(), file)
    own = network()

    second, was_there, done = run(images, own, file, batch_size=2)

    assert was_there
    assert second == first
    assert (own.module.calls, done) == (0, [])


@pytest.mark.parametrize("change", ["parameters", "image", "features", "ids", "provenance"])
def test_any_change_computes_them_again(tmp_path, change):
    images, file = folder_of(tmp_path / "images"), tmp_path / "features.npy"
    run(images, network(), file)
    own = network(3.0 if change == "parameters" else 1.0)
    if change == "image":
        Image.new("RGB", (6, 5)).save(tmp_path / "images/class_0/0.png")
    elif change == "features":
        np.save(file, np.load(file) + 1)
    elif change == "ids":
        (tmp_path / "features_ids.npy").unlink()
    elif change == "provenance":
        (tmp_path / "features.json").write_text("{}")
    images = open_data("image_folder", "images", {"path": str(tmp_path / "images")})

    provenance, was_there, _ = run(images, own, file)

    assert not was_there
    assert open_data("npy", "features", {"path": str(file)}).provenance[0]["date"]
    np.testing.assert_allclose(
        np.load(file)[0], (own.module.scale * preprocess(images.samples[0]).mean((1, 2))).tolist(),
        rtol=1e-5,
    )  # fmt: skip
    assert provenance.n_samples == 7


def test_a_failure_leaves_the_files_as_they_were(tmp_path):
    images, file = folder_of(tmp_path / "images"), tmp_path / "features.npy"
    first, _, _ = run(images, network(), file)
    before = file.read_bytes()

    with pytest.raises(DataError, match="not finite"):
        run(images, network(float("nan")), file)
    (tmp_path / "images/class_1/5.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"class_1/5\.png"):
        run(folder_of(tmp_path / "images", n=0), network(), file)

    assert file.read_bytes() == before
    assert read_provenance(file) == first
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.zeros(3, 7), r"sample 0: it has the shape \(7,\), and networks embed images"),
        (torch.zeros(3, 2, 4), "it has the shape"),
        (torch.full((3, 1, 4, 4), 2.0), "it has values from 2 to 2; images of float32"),
    ],
)
def test_samples_that_are_no_images_are_refused(tmp_path, samples, message):
    with pytest.raises(DataError, match=message):
        run(RawData(samples, None), network(), tmp_path / "features.npy")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_images_of_any_channels_become_rgb(channels, dtype):
    value = 51 if dtype == torch.uint8 else 0.2
    images = RawData(torch.full((2, channels, 5, 5), value, dtype=dtype), None)

    (rows,) = feature_batches(images, network(), 2, "cpu")

    torch.testing.assert_close(rows, torch.full((2, 3), 0.2))


def test_features_that_are_not_finite_are_an_error(tmp_path):
    images = RawData(torch.ones(4, 1, 5, 5), None)

    with pytest.raises(DataError, match="features of the samples 0 to 2 are not finite"):
        run(images, network(float("nan")), tmp_path / "features.npy")
