import pytest
import torch
from torch import nn
from torchvision import models

from dcrf.config import load_checked
from dcrf.errors import ConfigError, DataError
from dcrf.mappings.layers.torchvision_model import TorchvisionModel
from dcrf.mappings.torchvision_networks import NETWORKS
from dcrf.storage.tensor_files import save_tensors
from tests.cases.methods import method, only_pretraining, written
from tests.cases.own_layers import extractor

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def trained():
    """A network of torchvision, with its head."""
    torch.manual_seed(1)
    return models.resnet18(num_classes=7).eval()


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_features_are_the_input_of_the_head_of_the_saved_network(trained, tmp_path, name, head):
    tensors = {n: t for n, t in trained.state_dict().items() if head or not n.startswith("fc.")}
    save_tensors(tensors, tmp_path / name)
    layer = TorchvisionModel(model="resnet18", weights_file=str(tmp_path / name)).eval()

    with torch.no_grad():
        features = layer(IMAGES)
        assert features.shape == (2, 512)
        torch.testing.assert_close(trained.fc(features), trained(IMAGES))


def test_a_file_of_another_network_is_refused_with_the_tensors_that_differ(trained, tmp_path):
    tensors = trained.state_dict()
    del tensors["conv1.weight"]
    tensors["bn1.bias"] = torch.zeros(3)
    save_tensors(tensors, tmp_path / "weights.pth")

    for device in ("cpu", "meta"):
        with torch.device(device), pytest.raises(DataError) as error:
            TorchvisionModel(model="resnet18", weights_file=str(tmp_path / "weights.pth"))

        assert "2 tensors are missing" in str(error.value)
        assert "bn1.bias, conv1.weight" in str(error.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"weights\.pth"):
        TorchvisionModel(model="resnet18", weights_file=str(tmp_path / "weights.pth"))


def test_nothing_is_downloaded_on_the_meta_device():
    with torch.device("meta"):
        layer = TorchvisionModel(model="resnet18", weights="published")

    assert layer(torch.zeros(2, 3, 32, 32, device="meta")).shape == (2, 512)


def test_a_failed_download_names_the_address_and_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there

    with pytest.raises(ValueError, match=r"cannot download https://.*weights_file"):
        TorchvisionModel(model="resnet18", weights="published")


@pytest.mark.parametrize("options", [{"model": "vgg11"}, {"model": "resnet18", "weights": "own"}])
def test_unknown_options_are_errors(options):
    with pytest.raises(ValueError, match="unknown"):
        TorchvisionModel(**options)


def test_two_sources_of_weights_are_an_error():
    with pytest.raises(ValueError, match="exclude each other"):
        TorchvisionModel(model="resnet18", weights="published", weights_file="a.pth")


def test_the_path_starts_at_the_folder_of_the_method(tmp_path):
    layer = {"type": "torchvision_model", "model": "resnet18", "weights_file": "a.pth"}
    file = written(tmp_path / "deep", method(**only_pretraining(extractor([layer]))))

    (loaded,) = load_checked(tmp_path / "deep" / "method.json").mappings[0].layers

    assert file
    assert loaded["weights_file"] == str(tmp_path / "deep" / "a.pth")


def test_other_layers_take_no_file():
    layer = {"type": "ReLU", "weights_file": "a.pth"}
    with pytest.raises(ConfigError) as error:
        load_checked(method(**only_pretraining(extractor([layer]))))

    assert "'ReLU' takes no argument 'weights_file'" in error.value.problems[0].found


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_ends_in_features(name):
    with torch.device("meta"):
        layer = TorchvisionModel(model=name)

    width = 512 if name in ("resnet18", "resnet34") else 2048
    assert layer(torch.zeros(2, 3, 32, 32, device="meta")).shape == (2, width)
    assert not any(isinstance(module, nn.Linear) for module in layer.modules())
