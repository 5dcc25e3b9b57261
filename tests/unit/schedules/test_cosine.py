"""The cosine schedule."""

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from dcrf.builder.schedules import build_schedule

ENTRY = {
    "schedule": "cosine",
    "from": 1.0,
    "to": 0.0,
    "start_iteration": 0,
    "end_iteration": 6,
    "unit": "iteration",
}


def test_values_by_hand():
    schedule = build_schedule({**ENTRY, "to": 3.0, "start_iteration": 2})

    values = [schedule.after(done) for done in (0, 2, 3, 4, 5, 6, 9)]

    edge = 2**-0.5
    assert values == pytest.approx([1, 1, 2 - edge, 2, 2 + edge, 3, 3])


def test_values_are_those_of_torchs_annealing():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.8)
    annealing = CosineAnnealingLR(optimizer, T_max=20, eta_min=0.05)
    schedule = build_schedule({**ENTRY, "from": 0.8, "to": 0.05, "end_iteration": 20})

    for done in range(21):
        assert schedule.after(done) == pytest.approx(annealing.get_last_lr()[0])
        optimizer.step()
        annealing.step()
