"""Features between 0 and 1."""

import torch
from sklearn.preprocessing import MinMaxScaler
from torch import Generator

from dcrf.clusterings.steps.min_max import MinMax


def test_rows_are_those_of_scikit_learn():
    rows = 5 + 3 * torch.randn(50, 4, generator=Generator().manual_seed(0), dtype=torch.float64)
    training, new = rows[:40], rows[40:]
    reference = MinMaxScaler().fit(training.numpy())

    step = MinMax().fit(training, Generator())

    for values in (training, new):
        torch.testing.assert_close(
            step(values), torch.from_numpy(reference.transform(values.numpy()))
        )


def test_values_by_hand():
    rows = torch.tensor([[1.0, 7], [3, 7], [2, 7]])
    step = MinMax().fit(rows, Generator())

    assert step(rows).tolist() == [[0, 0], [1, 0], [0.5, 0]]
    assert step(torch.tensor([[5.0, 7]])).tolist() == [[2, 0]]
