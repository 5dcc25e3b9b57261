from dataclasses import replace

import numpy as np
import pytest
import torch

from dcrf.data.sources.raw_data import RawData, concatenate, select
from dcrf.errors import DataError

LABELS = np.arange(6)


class Lazy:
    """Samples that are decoded when asked for."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        return torch.tensor([float(self.values[index])])


def tensor_data(n=6):
    return RawData(torch.arange(n).float().unsqueeze(1), np.arange(n))


def test_parts_follow_one_another():
    whole = concatenate([tensor_data(2), tensor_data(3)])

    assert whole.samples.flatten().tolist() == [0, 1, 0, 1, 2]
    assert whole.labels.tolist() == [0, 1, 0, 1, 2]


def test_lazy_parts_and_tensors_can_be_mixed():
    whole = concatenate([tensor_data(2), RawData(Lazy([7, 8]), np.array([5, 5]))])

    assert [float(whole.samples[i]) for i in range(4)] == [0, 1, 7, 8]
    assert whole.labels.tolist() == [0, 1, 5, 5]


def test_a_part_without_labels_leaves_the_whole_without():
    assert concatenate([tensor_data(2), RawData(torch.zeros(2, 1), None)]).labels is None


def test_files_of_all_parts_are_kept():
    parts = [RawData(Lazy([number]), None, files=[f"{number}.png"]) for number in range(3)]
    whole = concatenate(parts)

    assert whole.files == ["0.png", "1.png", "2.png"]
    assert select(whole, 1, 2).files == whole.files


@pytest.mark.parametrize("make", [lambda: tensor_data().samples, lambda: Lazy(range(6))])
@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [(2, 4, [2, 3, 4]), (4, None, [4, 5]), (None, 1, [0, 1]), (None, None, [0, 1, 2, 3, 4, 5])],
)
def test_a_range_is_inclusive_and_either_end_may_stand_alone(make, first, last, kept):
    chosen = select(RawData(make(), LABELS), first, last)

    assert [float(chosen.samples[i]) for i in range(len(chosen.samples))] == kept
    assert chosen.labels.tolist() == kept


@pytest.mark.parametrize(("first", "last"), [(0, 6), (6, None), (-1, 2), (3, 2)])
def test_a_range_beyond_the_data_is_an_error_with_the_size(first, last):
    with pytest.raises(DataError, match="does not fit 6 samples, whose indices go from 0 to 5"):
        select(tensor_data(), first, last)


def test_labels_of_one_part_only_are_not_used_and_a_note_says_so():
    with_labels, without = tensor_data(), RawData(tensor_data().samples, None, ("a note",))

    raw = concatenate([with_labels, without, with_labels])

    assert raw.labels is None
    assert raw.notes == (
        "a note",
        "no labels in parts[1], so the labels of the other parts are not used",
    )
    assert concatenate([without, without]).notes == ("a note",)
    assert select(raw, 0, 1).notes == raw.notes


def test_ids_follow_their_samples():
    named = replace(tensor_data(3), ids=["a", "b", "c"])

    assert select(named, 1, 2).ids == ["b", "c"]
    assert concatenate([named, select(named, 0, 0)]).ids == ["a", "b", "c", "a"]
    assert concatenate([named, tensor_data(2)]).ids is None
