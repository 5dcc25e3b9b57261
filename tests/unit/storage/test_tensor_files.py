"""What may be saved is read again: every kind of tensor, and the state of all that has one."""

import pytest
import torch
from torch import nn

from dcrf.schema.allowed_names import OPTIMIZERS, SCHEDULERS
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

    found = from_bytes(to_bytes(optimizer.state_dict()), name, "cpu")

    assert str(found) == str(optimizer.state_dict())


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_the_state_of_every_scheduler(name):
    optimizer = torch.optim.SGD([{"params": [p]} for p in parameters()], lr=0.1, momentum=0.9)
    scheduler = SCHEDULERS[name](optimizer, **SCHEDULER_ARGUMENTS.get(name, {}))
    optimizer.step()
    scheduler.step()

    assert from_bytes(to_bytes(scheduler.state_dict()), name, "cpu") == scheduler.state_dict()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_of_every_kind(tmp_path, dtype):
    tensor = torch.arange(24).reshape(2, 3, 1, 4).to(getattr(torch, dtype))
    content = {"as_it_is": tensor, "turned": tensor.mT[1:], "again": tensor}
    save_tensors(content, tmp_path / "a.pth")

    found = read_tensors(tmp_path / "a.pth")

    assert found.keys() == content.keys()
    assert all(torch.equal(found[name], content[name]) for name in content)


def test_what_others_save_of_their_modules(tmp_path):
    module = nn.Sequential(nn.Conv3d(1, 2, 1), nn.BatchNorm3d(2))
    for content in (module.state_dict(), dict(module.named_parameters())):
        torch.save(content, tmp_path / "theirs.pth")

        found = read_tensors(tmp_path / "theirs.pth")

        assert list(found) == list(content)
        assert torch.equal(found["0.weight"], module[0].weight)
