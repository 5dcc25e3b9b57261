"""Saving and loading parameters."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from dcrf.errors import DataError
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.parameter_files import (
    load_part,
    part_tensors,
    read_tensor,
    unused,
)
from dcrf.storage.tensor_files import save_tensors


@pytest.fixture
def mapping():
    torch.manual_seed(0)
    return TrainableMapping([nn.Linear(3, 2), nn.BatchNorm1d(2)])


def another():
    torch.manual_seed(1)
    return TrainableMapping([nn.Linear(3, 2), nn.BatchNorm1d(2)])


FORMATS = pytest.mark.parametrize("name", ["encoder.pth", "encoder.safetensors"])


@FORMATS
def test_saved_parameters_are_loaded(mapping, tmp_path, name):
    file, other = tmp_path / "deep" / name, another()

    save_tensors(part_tensors(mapping), file)
    load_part(other, file)

    assert mapping.state_dict().keys() == other.state_dict().keys()
    assert all(torch.equal(v, other.state_dict()[k]) for k, v in mapping.state_dict().items())


def test_a_pth_file_is_one_of_torch(mapping, tmp_path):
    save_tensors(part_tensors(mapping), tmp_path / "encoder.pth")

    content = torch.load(tmp_path / "encoder.pth", weights_only=True)

    assert torch.equal(content["net.0.weight"], mapping.net[0].weight)


def test_the_content_of_a_file_decides_its_format(mapping, tmp_path):
    for name, other_name in (("a.pth", "a.safetensors"), ("b.safetensors", "b.pth")):
        save_tensors(part_tensors(mapping), tmp_path / name)
        other = another()

        load_part(other, (tmp_path / name).rename(tmp_path / other_name))

        assert torch.equal(other.net[0].weight, mapping.net[0].weight)


@FORMATS
def test_the_same_parameters_give_the_same_bytes(mapping, tmp_path, name):
    for folder in ("a", "b"):
        save_tensors(part_tensors(mapping), tmp_path / folder / name)

    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@FORMATS
def test_lazy_layers_that_have_never_run_are_left_out_and_stay_lazy(tmp_path, name):
    def half_lazy(seed):
        torch.manual_seed(seed)
        return TrainableMapping([nn.Linear(3, 2), nn.LazyLinear(2), nn.LazyBatchNorm1d()])

    saved, loaded = half_lazy(0), half_lazy(1)
    save_tensors(part_tensors(saved), tmp_path / name)

    load_part(loaded, tmp_path / name)

    assert torch.equal(loaded.net[0].weight, saved.net[0].weight)
    assert is_lazy(loaded.net[1].weight)
    assert loaded(torch.ones(4, 3)).shape == (4, 2)


def test_parameters_that_lack_a_layer_which_has_run_are_refused(mapping, tmp_path):
    tensors = part_tensors(mapping)
    del tensors["net.0.bias"]
    save_tensors(tensors, tmp_path / "part.safetensors")

    with pytest.raises(DataError, match=r"Missing key\(s\) in state_dict: \"net\.0\.bias\""):
        load_part(another(), tmp_path / "part.safetensors")


def named(*names, seed=0):
    """A mapping of an encoder's layers with these names, None for a layer without one."""
    torch.manual_seed(seed)
    layers = [nn.Linear(3, 2), nn.BatchNorm1d(2)]
    if len(names) > len(layers):
        layers.insert(1, nn.Tanh())
    return TrainableMapping(
        layers, layer_names={name: i for i, name in enumerate(names) if name is not None}
    )


@FORMATS
def test_a_layer_inserted_between_named_layers_leaves_files_as_they_are(tmp_path, name):
    saved, inserted = named("first", "norm"), named("first", None, "norm", seed=1)
    save_tensors(part_tensors(saved), tmp_path / name)

    load_part(inserted, tmp_path / name)

    assert torch.equal(inserted.net[0].weight, saved.net[0].weight)
    assert torch.equal(inserted.net[2].running_mean, saved.net[1].running_mean)


def test_a_file_with_the_keys_of_the_earlier_layout_fills_named_layers(tmp_path):
    old, loaded = named(None, None), named("first", "norm", seed=1)
    assert "net.0.weight" in part_tensors(old)
    save_tensors(part_tensors(old), tmp_path / "old.pth")

    load_part(loaded, tmp_path / "old.pth")

    assert all(torch.equal(v, loaded.state_dict()[k]) for k, v in old.state_dict().items())


def test_a_file_that_does_not_fit_is_refused_with_the_names_in_it(tmp_path):
    tensors = part_tensors(named("first", "norm"))
    del tensors["first.bias"]
    tensors["norm.weight"] = torch.zeros(5)
    save_tensors(tensors, tmp_path / "part.safetensors")

    with pytest.raises(DataError) as error:
        load_part(named("first", "norm"), tmp_path / "part.safetensors")

    assert 'Missing key(s) in state_dict: "first.bias"' in str(error.value)
    assert "size mismatch for norm.weight" in str(error.value)
    assert "net." not in str(error.value)


def test_duplicates_of_the_earlier_framework_are_ignored(mapping, tmp_path):
    tensors = part_tensors(mapping)
    doubled = {f"net_without_softmax_layer.{k}": v for k, v in tensors.items()}
    torch.save({**tensors, **doubled}, tmp_path / "old.pth")
    other = another()

    load_part(other, tmp_path / "old.pth")

    torch.testing.assert_close(other.net[0].weight, mapping.net[0].weight)


def test_parameters_of_another_shape_are_refused(mapping, tmp_path):
    save_tensors(part_tensors(TrainableMapping([nn.Linear(4, 2)])), tmp_path / "other.pth")

    with pytest.raises(DataError, match="do not fit"):
        load_part(mapping, tmp_path / "other.pth")


class Hostile:
    """Would run a command when it is unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('code from a file has run')",))


@pytest.mark.parametrize(
    "content",
    [b"", b"no tensors", pickle.dumps(Hostile(), protocol=2), pickle.dumps([1, 2], protocol=2)],
    ids=["empty", "text", "hostile", "list"],
)
def test_a_file_without_tensors_is_refused_and_runs_nothing(mapping, tmp_path, content):
    (tmp_path / "bad.pth").write_bytes(content)

    with pytest.raises(DataError, match=r"bad\.pth"):
        load_part(mapping, tmp_path / "bad.pth")


def test_a_file_that_exists_gets_a_numbered_neighbor(tmp_path):
    file = tmp_path / "v.pth"

    paths = []
    for _ in range(3):
        paths.append(unused(file))
        paths[-1].touch()

    assert [path.name for path in paths] == ["v.pth", "v_2.pth", "v_3.pth"]


CENTROIDS = torch.tensor([[0.5, 1.0], [2.0, -3.0], [4.0, 0.1]])


def centroid_file(folder, kind):
    file = folder / "centroids.file"
    if kind == "safetensors":
        save_tensors({"centroids": CENTROIDS}, folder / "c.safetensors")
        return (folder / "c.safetensors").rename(file)
    if kind == "npy":
        with file.open("wb") as stream:
            np.save(stream, CENTROIDS.numpy())
    else:
        torch.save({"table": {"centroids": CENTROIDS}, "tensor": CENTROIDS}[kind], file)
    return file


@pytest.mark.parametrize("kind", ["safetensors", "table", "tensor", "npy"])
def test_centroids_are_read_from_every_format(tmp_path, kind):
    assert torch.equal(read_tensor(centroid_file(tmp_path, kind), "centroids"), CENTROIDS)


@pytest.mark.parametrize("dtype", ["float64", ">f4", "int64", "uint16"])
def test_centroids_in_arrays_become_float32(tmp_path, dtype):
    array = np.arange(6).reshape(3, 2).astype(dtype)
    np.save(tmp_path / "c.npy", array)

    centroids = read_tensor(tmp_path / "c.npy", "centroids")

    assert centroids.dtype == torch.float32
    assert centroids.tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"other": CENTROIDS}, "got no 'centroids'"),
        ({"centroids": CENTROIDS[0]}, r"got a tensor of shape \(2,\)"),
        ({"centroids": "text"}, "got a str"),
        (CENTROIDS.to(torch.complex64), r"got a tensor of shape .* and type torch\.complex64"),
        ([1, 2], "got a list"),
    ],
)
def test_other_content_is_refused_with_the_formats_of_centroids(tmp_path, content, kind):
    torch.save(content, tmp_path / "c.pth")

    with pytest.raises(DataError, match=r"c\.pth does not hold .*\.npy array \(k, d\); " + kind):
        read_tensor(tmp_path / "c.pth", "centroids")


@pytest.mark.parametrize(
    ("array", "cause"),
    [
        (np.zeros(3), r"shape \(3,\)"),
        (np.array([["a", "b"]]), "not of real numbers"),
        (np.array([[None]], dtype=object), "an array of Python objects"),
    ],
)
def test_arrays_that_are_not_centroids_are_refused(tmp_path, array, cause):
    np.save(tmp_path / "c.npy", array)

    with pytest.raises(DataError, match=cause):
        read_tensor(tmp_path / "c.npy", "centroids")


def test_a_file_that_holds_neither_tensors_nor_an_array_is_refused(tmp_path):
    (tmp_path / "c.pth").write_bytes(b"cos\nsystem\n(S'true'\ntR.")

    with pytest.raises(DataError, match=r"cannot read tensors from .*neither safetensors nor"):
        read_tensor(tmp_path / "c.pth", "centroids")
