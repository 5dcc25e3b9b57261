"""Every kind of tensor and every state is read back as it was saved."""

import json

import pytest
import torch
from torch import nn

from dcrf.errors import DataError
from dcrf.schema.allowed_names import OPTIMIZERS, SCHEDULERS
from dcrf.storage import tensor_files
from dcrf.storage.tensor_files import from_bytes, read_tensors, save_tensors, to_bytes

SCHEDULER_ARGUMENTS = {
    "CosineAnnealingLR": {"T_max": 3},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "CyclicLR": {"base_lr": 0.1, "max_lr": 0.2},
    "ExponentialLR": {"gamma": 0.9},
    "MultiStepLR": {"milestones": [3, 5, 5]},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 9},
    "StepLR": {"step_size": 2},
}
DTYPES = ["float32", "float64", "float16", "bfloat16", "complex64", "complex128"]
DTYPES += ["int64", "int32", "int16", "int8", "uint8", "bool"]


def parameters():
    made = [nn.Parameter(torch.ones(3, 3)) for _ in range(3)]
    for parameter in made:
        parameter.grad = torch.ones_like(parameter)
    return made


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - {"SparseAdam", "LBFGS"}))
def test_the_state_of_every_optimizer(name):
    optimizer = OPTIMIZERS[name]([{"params": [p]} for p in parameters()])
    optimizer.step()

    state = from_bytes(to_bytes(optimizer.state_dict()), name, "cpu")

    assert str(state) == str(optimizer.state_dict())


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_the_state_of_every_scheduler(name):
    optimizer = torch.optim.SGD([{"params": [p]} for p in parameters()], lr=0.1, momentum=0.9)
    scheduler = SCHEDULERS[name](optimizer, **SCHEDULER_ARGUMENTS.get(name, {}))
    optimizer.step()
    scheduler.step()

    assert from_bytes(to_bytes(scheduler.state_dict()), name, "cpu") == scheduler.state_dict()


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        *((dtype, "a.pth") for dtype in DTYPES),
        *((dtype, "a.safetensors") for dtype in DTYPES if dtype != "complex128"),
    ],
)
def test_tensors_of_every_kind(tmp_path, dtype, name):
    tensor = torch.arange(24).reshape(2, 3, 1, 4).to(getattr(torch, dtype))
    content = {"as_it_is": tensor, "turned": tensor.mT[1:], "again": tensor}
    content["nothing"], content["one"] = tensor[:0], tensor[0, 0, 0, 1]
    save_tensors(content, tmp_path / name)

    tensors = read_tensors(tmp_path / name)

    assert tensors.keys() == content.keys()
    assert all(torch.equal(tensors[n], content[n]) for n in content)
    assert all(tensors[n].dtype == content[n].dtype for n in content)


def test_no_tensors_at_all(tmp_path):
    save_tensors({}, tmp_path / "a.safetensors")

    assert read_tensors(tmp_path / "a.safetensors") == {}


@pytest.mark.parametrize(
    ("header", "size", "cause"),
    [
        ({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, 8, "cannot read tensors"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 16]}}, 16, "cannot read tensors"),
        ({"a": {"dtype": "X", "shape": [4], "data_offsets": [0, 16]}}, 16, "cannot read tensors"),
        ([], 0, "neither safetensors nor"),
    ],
)
def test_safetensors_whose_header_is_wrong_are_refused(tmp_path, header, size, cause):
    text = json.dumps(header).encode()
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + bytes(size))

    with pytest.raises(DataError, match=cause):
        read_tensors(tmp_path / "a")


def test_safetensors_with_an_endless_header_are_refused_unread(tmp_path):
    (tmp_path / "a").write_bytes((2**40).to_bytes(8, "little") + b"{}")

    with pytest.raises(DataError, match="its header has more than 16 MiB"):
        read_tensors(tmp_path / "a")


def test_safetensors_larger_than_the_memory_are_refused_unread(tmp_path, monkeypatch):
    save_tensors({"a": torch.zeros(100)}, tmp_path / "a.safetensors")
    monkeypatch.setattr(tensor_files, "free_memory", lambda: 900)

    with pytest.raises(DataError, match="GiB of memory"):
        read_tensors(tmp_path / "a.safetensors")


def test_state_dicts_of_other_modules_are_read(tmp_path):
    module = nn.Sequential(nn.Conv3d(1, 2, 1), nn.BatchNorm3d(2))
    for content in (module.state_dict(), dict(module.named_parameters())):
        torch.save(content, tmp_path / "theirs.pth")

        tensors = read_tensors(tmp_path / "theirs.pth")

        assert list(tensors) == list(content)
        assert torch.equal(tensors["0.weight"], module[0].weight)
