"""Saving and loading parameters."""

import pickle

import pytest
import torch
from torch import nn

from dcrf.errors import DataError
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.parameter_files import load_mapping, mapping_tensors, unused
from dcrf.storage.tensor_files import save_tensors


@pytest.fixture
def mapping():
    torch.manual_seed(0)
    return TrainableMapping([nn.Linear(3, 2), nn.BatchNorm1d(2)])


def another():
    torch.manual_seed(1)
    return TrainableMapping([nn.Linear(3, 2), nn.BatchNorm1d(2)])


def test_what_is_saved_is_loaded(mapping, tmp_path):
    file, other = tmp_path / "deep" / "encoder.pth", another()

    save_tensors(mapping_tensors(mapping), file)
    load_mapping(other, file)

    samples = torch.rand(4, 3)
    torch.testing.assert_close(other(samples), mapping(samples))
    assert "net.0.weight" in torch.load(file, weights_only=True)


def test_the_same_parameters_give_the_same_bytes(mapping, tmp_path):
    for name in ("a.pth", "b.pth"):
        save_tensors(mapping_tensors(mapping), tmp_path / name)

    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()


def test_the_doubles_of_the_earlier_framework_are_passed_over(mapping, tmp_path):
    tensors = mapping_tensors(mapping)
    doubled = {f"net_without_softmax_layer.{k}": v for k, v in tensors.items()}
    torch.save({**tensors, **doubled}, tmp_path / "old.pth")
    other = another()

    load_mapping(other, tmp_path / "old.pth")

    torch.testing.assert_close(other.net[0].weight, mapping.net[0].weight)


def test_parameters_of_another_shape_are_refused(mapping, tmp_path):
    save_tensors(mapping_tensors(TrainableMapping([nn.Linear(4, 2)])), tmp_path / "other.pth")

    with pytest.raises(DataError, match="do not fit"):
        load_mapping(mapping, tmp_path / "other.pth")


class Hostile:
    """Would run a command when it is unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('code from a file has run')",))


@pytest.mark.parametrize(
    "content",
    [b"", b"no tensors", pickle.dumps(Hostile(), protocol=2), pickle.dumps([1, 2], protocol=2)],
    ids=["empty", "text", "hostile", "list"],
)
def test_a_file_that_holds_no_tensors_is_refused_and_runs_nothing(mapping, tmp_path, content):
    (tmp_path / "bad.pth").write_bytes(content)

    with pytest.raises(DataError, match=r"bad\.pth"):
        load_mapping(mapping, tmp_path / "bad.pth")


def test_a_file_that_exists_gets_a_numbered_neighbor(tmp_path):
    file = tmp_path / "v.pth"

    found = []
    for _ in range(3):
        found.append(unused(file))
        found[-1].touch()

    assert [path.name for path in found] == ["v.pth", "v_2.pth", "v_3.pth"]
