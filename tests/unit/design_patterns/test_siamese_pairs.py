import pytest
import torch

from dcrf.batch import Clock
from dcrf.errors import OptionError
from dcrf.functional.siamese import contrastive_loss
from tests.cases.tiny import CASES, N_SAMPLES, World

ENTRY = CASES["siamese_pairs"]


def prepared(**changes):
    world = World({**ENTRY, **changes})
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    return world


def test_the_first_companion_is_a_neighbor_and_the_second_one_is_none():
    world = prepared(num_neighbors=3)
    indices = torch.arange(N_SAMPLES)
    neighbors = world.pattern.neighbors.indices

    for _ in range(20):
        near, far = world.pattern.companions(indices).unbind(1)
        assert all(n in row for n, row in zip(near, neighbors, strict=True))
        assert not any(f in row for f, row in zip(far, neighbors, strict=True))
        assert not (far == indices).any()


def test_its_losses_are_those_of_the_embeddings_of_pairs():
    world = prepared()
    indices = torch.tensor([4, 9, 1])
    state = world.generator.get_state()
    near, far = world.pattern.companions(indices).unbind(1)
    world.generator.set_state(state)
    samples, mapping = world.data.samples, world.pattern.mapping
    embeddings = (mapping(samples[chosen]) for chosen in (indices, near, far))

    losses = world.pattern(world.batch(indices))

    expected = contrastive_loss(*embeddings, 0.05, 1.0)
    torch.testing.assert_close((losses["near"], losses["far"]), expected)


def test_neighbors_must_leave_other_samples():
    assert prepared(num_neighbors=19).pattern.neighbors.indices.shape == (N_SAMPLES, 19)
    with pytest.raises(OptionError, match=r"20 neighbors .* and others need at least 22") as caught:
        prepared(num_neighbors=20)
    assert caught.value.key == "num_neighbors"


def test_without_neighbors_it_names_the_missing_call():
    with pytest.raises(RuntimeError, match="before_iteration"):
        World(ENTRY).pattern.companions(torch.arange(2))
