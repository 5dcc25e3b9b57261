"""Equal data have equal fingerprints, changed data have different ones."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from dcrf.data import fingerprint as module
from dcrf.data.fingerprint import VERSION, differences, fingerprint
from dcrf.randomness import random_indices

LABELS = np.arange(6) % 3


def images(seed=0, n=6):
    random = np.random.default_rng(seed)
    return [Image.fromarray(random.integers(256, size=(4, 4), dtype=np.uint8)) for _ in range(n)]


def tensor(seed=0, n=6):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("make", [tensor, images])
def test_it_depends_on_samples_and_labels(make):
    before = fingerprint(make(), LABELS)

    assert before["samples"] == 6
    assert differences(before, fingerprint(make(), LABELS.copy())) == []
    assert differences(before, fingerprint(make(1), LABELS)) == ["the samples differ"]
    assert differences(before, fingerprint(make(), LABELS[::-1])) == ["the labels differ"]
    assert differences(before, fingerprint(make(), None)) == ["the labels differ"]
    assert differences(before, fingerprint(make(n=5), LABELS)) == [
        "there were 6 samples, now 5",
        "the samples differ",
    ]


def test_it_depends_on_every_value_the_type_and_the_shape_of_a_tensor():
    before = fingerprint(tensor())
    for index in range(6):
        changed = tensor()
        changed[index, 1] += 1e-6
        assert fingerprint(changed) != before

    zeros = torch.zeros(4, 2, 2)
    variants = (zeros, zeros.int(), zeros.flatten(1))
    assert len({fingerprint(values)["content"] for values in variants}) == 3


def test_it_does_not_depend_on_strides():
    values = tensor()

    assert fingerprint(values.T.contiguous().T) == fingerprint(values)


@pytest.mark.parametrize("period", [2, 3, 40])
def test_a_large_tensor_is_read_at_random_rows(monkeypatch, period):
    """Evenly spaced rows could all miss the changed ones."""
    n_samples, n_read = 40 * 50, 50
    values = tensor(n=n_samples)
    monkeypatch.setattr(module, "FINGERPRINT_BYTES", n_read * values[0].nbytes)
    before = fingerprint(values)

    for remainder in range(period):
        changed = values.clone()
        changed[remainder::period] += 1
        is_read = bool(np.any(random_indices(n_samples, n_read) % period == remainder))

        assert (fingerprint(changed) != before) == is_read
    assert fingerprint(values[random_indices(n_samples, n_read)])["content"] == before["content"]


def test_a_random_sample_of_many_lazy_samples_is_decoded():
    class Lazy:
        def __init__(self):
            self.decoded = []

        def __len__(self):
            return 100_000

        def __getitem__(self, index):
            self.decoded.append(index)
            return torch.tensor([float(index)])

    samples = Lazy()
    fingerprint(samples)

    assert len(samples.decoded) == 256
    assert len(set(np.diff(samples.decoded))) > 100  # not evenly spaced


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"class_{number % 3}" / f"{number}.png" for number in range(6)]
    for path, image in zip(paths, images(), strict=True):
        path.parent.mkdir(exist_ok=True)
        image.save(path)
    return paths


def resize(path):
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes() + b"x")
    os.utime(path, ns=times)


def touch(path):
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**6))


def move(path):
    path.rename(path.with_name("moved.png"))


@pytest.mark.parametrize("change", [resize, touch, move])
def test_every_file_of_lazy_samples_counts(files, change):
    before = fingerprint(images(), None, files)
    assert fingerprint(images(), None, files) == before

    change(files[4])

    assert differences(before, fingerprint(images(), None, files)) == [
        "the name, size or modification time of a file differs"
    ]


def test_files_may_move_together(files, tmp_path):
    before = fingerprint(images(), None, files)
    new = tmp_path.with_name(tmp_path.name + "_new")
    tmp_path.rename(new)
    moved = [new / file.relative_to(tmp_path) for file in files]

    assert fingerprint(images(), None, moved) == before


def test_files_do_not_count_if_all_samples_are_read(files):
    before = fingerprint(tensor(), None, files)

    touch(files[0])

    assert fingerprint(tensor(), None, files) == before


@pytest.mark.parametrize("stored", [{"samples": 6, "sha256": "0", "labels": None}, {"version": 1}])
def test_fingerprints_of_other_versions_are_told_apart_from_other_data(stored):
    assert VERSION == 2
    assert differences(stored, fingerprint(tensor())) == [
        "their fingerprint was computed by another version of dcrf"
    ]
