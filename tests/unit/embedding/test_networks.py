"""Networks by name, with published, given or random parameters."""

from importlib.util import find_spec

import pytest
import torch
from PIL import Image
from torchvision import models

from dcrf.embedding.networks import open_network, tensors_sha256
from dcrf.errors import DataError
from dcrf.mappings.torchvision_networks import NETWORKS
from dcrf.storage.tensor_files import save_tensors

NAME = "torchvision/resnet18"


def features(network, size=32):
    image = Image.new("RGB", (40, 30), (200, 10, 90))
    preprocessed = network.preprocess(image)
    with torch.no_grad():
        return preprocessed.shape, network.features(preprocessed[None, :, :size, :size])


def test_random_parameters_depend_on_the_seed_and_the_name_only():
    first, again, other = (open_network(NAME, seed=seed) for seed in (3, 3, 4))

    assert first.weights_sha256() == again.weights_sha256() != other.weights_sha256()
    assert not first.is_pretrained
    assert first.weights == "random parameters, seed 3"
    shape, values = features(first)
    assert (shape, values.shape) == ((3, 224, 224), (1, 512))
    assert not first.module.training


def test_drawing_parameters_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    open_network(NAME, seed=0)

    assert torch.equal(before, torch.get_rng_state())


def test_parameters_of_a_file_may_have_a_head(tmp_path):
    torch.manual_seed(1)
    trained = models.resnet18(num_classes=7).eval()
    save_tensors(trained.state_dict(), tmp_path / "own.pth")
    network = open_network(NAME, weights=tmp_path / "own.pth")

    _, values = features(network)

    assert network.is_pretrained
    assert network.weights == f"parameters in {tmp_path / 'own.pth'}"
    with torch.no_grad():
        trained.fc = torch.nn.Identity()
    assert tensors_sha256(trained.state_dict()) == network.weights_sha256()
    assert values.isfinite().all()


def test_parameters_that_do_not_fit_are_an_error(tmp_path):
    save_tensors({"weight": torch.zeros(2)}, tmp_path / "own.pth")

    with pytest.raises(DataError, match=r"own\.pth do not fit the network"):
        open_network(NAME, weights=tmp_path / "own.pth")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torchvision/resnet19", "torchvision has no network 'resnet19'; did you mean 'resnet1"),
        ("torchvision", "no network is called 'torchvision'"),
        ("resnet18", "did you mean torchvision/resnet18"),
        ("elsewhere/resnet18", "no network is called"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_remedy(name, message):
    with pytest.raises(DataError, match=message):
        open_network(name, seed=0)


def test_a_failed_download_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there

    with pytest.raises(DataError, match=r"cannot download https://.*--weights FILE"):
        open_network(NAME)


def test_the_preprocessing_is_the_same_in_words_in_every_process():
    words = open_network(NAME, seed=0).preprocessing

    assert "crop_size=[224]" in words
    assert "\n" not in words
    assert "0x" not in words


def test_the_digest_covers_names_types_shapes_and_values():
    tensors = [
        {"a": torch.zeros(4)},
        {"b": torch.zeros(4)},
        {"a": torch.zeros(2, 2)},
        {"a": torch.zeros(4, dtype=torch.int32)},
        {"a": torch.tensor([0.0, 0, 0, 1])},
        {"a": torch.tensor(0)},
        {"a": torch.zeros(8, dtype=torch.bfloat16)},
    ]

    assert len({tensors_sha256(one) for one in tensors}) == len(tensors)


def test_every_network_of_the_table_has_preprocessing():
    assert all(callable(weights.DEFAULT.transforms()) for _, weights in NETWORKS.values())


def test_a_network_of_timm_has_no_head(tmp_path):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    trained = timm.create_model("resnet10t", pretrained=False, num_classes=5)
    save_tensors(trained.state_dict(), tmp_path / "own.pth")

    network = open_network("timm/resnet10t", weights=tmp_path / "own.pth")

    _, values = features(network)
    assert values.shape == (1, 512)
    assert network.package.startswith("timm ")


def test_a_network_of_open_clip_embeds_images():
    pytest.importorskip("open_clip")
    network = open_network("open_clip/RN50/openai", seed=0)

    shape, values = features(network, size=224)

    assert shape == (3, 224, 224)
    assert values.shape == (1, 1024)
    assert "0x" not in network.preprocessing


@pytest.mark.parametrize("name", ["timm/resnet10t", "open_clip/RN50/openai"])
def test_a_missing_package_names_its_extra(name):
    package = name.partition("/")[0]
    if find_spec(package) is not None:
        pytest.skip("the package is installed")

    with pytest.raises(DataError, match=rf"pip install 'dcrf\[{package}\]'"):
        open_network(name, seed=0)
