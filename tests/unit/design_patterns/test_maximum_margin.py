import pytest
import torch

from dcrf.errors import OutputShapeError
from tests.cases.tiny import CASES, World, changed

ENTRY = CASES["maximum_margin"]
INDICES = torch.arange(9)


def test_it_is_the_hinge_loss_of_the_head_with_the_largest_score_as_the_cluster():
    world = World(ENTRY)
    layer = world.mappings["classifier"].net[0]
    codes = world.mappings["encoder"](world.data.samples[INDICES])
    total = 0.0
    for code in codes.tolist():
        row = [
            sum(w * h for w, h in zip(weights, code, strict=True)) + bias
            for weights, bias in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
        ]
        first, second = sorted(row, reverse=True)[:2]
        total += max(0.0, 1 + second - first)

    assert world.losses(INDICES)["hinge"].item() == pytest.approx(total / 9, rel=1e-5)


def test_the_clusters_of_a_strategy_are_constants():
    world = World(changed(ENTRY, {"classifier_name": None}))
    loss = world.losses(INDICES)["hinge"]
    loss.backward()

    assert loss > World(ENTRY).losses(INDICES)["hinge"]
    assert all(p.grad is None for p in world.centroids.parameters())
    assert world.mappings["encoder"].net[0].weight.grad.any()


def test_the_norm_is_that_of_the_weights_of_the_head_alone():
    world = World(ENTRY)
    weight = world.mappings["classifier"].net[0].weight
    norm = world.losses(INDICES)["weight_norm"]
    norm.backward()

    assert norm.item() == pytest.approx(sum(w * w for w in weight.flatten().tolist()) / 2, rel=1e-6)
    torch.testing.assert_close(weight.grad, weight)
    assert world.mappings["encoder"].net[0].weight.grad is None


def test_a_head_without_a_score_for_each_cluster_is_refused():
    with pytest.raises(OutputShapeError, match=r"shape \(2,\) per sample, but num_clusters is 3"):
        World({**ENTRY, "margin_head_name": "encoder"}).losses(INDICES)
