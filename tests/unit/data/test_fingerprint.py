"""The same data have the same digest, and others another one."""

import numpy as np
import pytest
import torch
from PIL import Image

from dcrf.data import fingerprint as module
from dcrf.data.fingerprint import digest
from dcrf.data.sources.raw_data import RawData

LABELS = np.arange(6) % 3


def images(seed=0, n=6):
    random = np.random.default_rng(seed)
    return [Image.fromarray(random.integers(256, size=(4, 4), dtype=np.uint8)) for _ in range(n)]


def tensor(seed=0):
    return torch.randn(6, 2, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("make", [tensor, images])
def test_it_depends_on_samples_and_labels_alone(make):
    found = digest(RawData(make(), LABELS))

    assert found["samples"] == 6
    assert digest(RawData(make(), LABELS.copy())) == found
    assert digest(RawData(make(1), LABELS))["sha256"] != found["sha256"]
    assert digest(RawData(make(), LABELS[::-1]))["labels"] != found["labels"]
    assert digest(RawData(make(), None))["labels"] is None


def test_every_sample_of_a_tensor_counts_and_its_type_does():
    found = digest(RawData(tensor(), None))
    for index in range(6):
        changed = tensor()
        changed[index, 1] += 1e-6
        assert digest(RawData(changed, None)) != found

    zeros = torch.zeros(4, 2, 2)
    assert (
        len({digest(RawData(t, None))["sha256"] for t in (zeros, zeros.int(), zeros.flatten(1))})
        == 3
    )


def test_strides_do_not_count():
    values = tensor()

    assert digest(RawData(values.T.contiguous().T, None)) == digest(RawData(values, None))


def test_of_large_tensors_evenly_spaced_samples_are_looked_at(monkeypatch):
    values = tensor()
    monkeypatch.setattr(module, "FINGERPRINT_BYTES", 2 * values[0].nbytes)
    found = digest(RawData(values, None))
    changed = {}
    for index in range(6):
        other = tensor()
        other[index] += 1
        changed[index] = digest(RawData(other, None)) != found

    assert changed == {0: True, 1: False, 2: False, 3: False, 4: False, 5: True}
