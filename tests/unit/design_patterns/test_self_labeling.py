import torch

from tests.cases.tiny import CASES, World

ENTRY = {**CASES["self_labeling"], "batch_augmentation_name": "noisy"}
INDICES = torch.tensor([4, 9, 1, 20, 6, 11])


def test_confident_samples_of_the_default_view_are_labels_of_the_other_one():
    world = World({**ENTRY, "confidence_threshold": 0.4, "balance_clusters": False})
    confidences, labels = world.pattern.assignment(world.data.samples[INDICES]).max(dim=1)
    log_p = world.pattern.assignment(world.data.views["noisy"][INDICES])
    losses = [
        -log_p[i, label] for i, label in enumerate(labels.tolist()) if confidences[i].exp() >= 0.4
    ]

    assert 0 < len(losses) < len(INDICES)
    torch.testing.assert_close(world.losses(INDICES)["cross_entropy"], torch.stack(losses).mean())


def test_clusters_are_balanced_within_the_batch():
    world = World({**ENTRY, "confidence_threshold": 0, "balance_clusters": True})
    labels = world.pattern.assignment(world.data.samples[INDICES]).argmax(dim=1)
    log_p = world.pattern.assignment(world.data.views["noisy"][INDICES])
    means = [-log_p[labels == k, k].mean() for k in labels.unique().tolist()]

    torch.testing.assert_close(world.losses(INDICES)["cross_entropy"], torch.stack(means).mean())


def test_a_batch_without_confident_samples_loses_nothing():
    world = World({**ENTRY, "confidence_threshold": 1})

    assert world.losses(INDICES)["cross_entropy"] == 0


def test_labels_have_no_gradient():
    world = World({**ENTRY, "confidence_threshold": 0})
    clean = world.data.samples.requires_grad_()
    world.losses(INDICES)["cross_entropy"].backward()

    assert clean.grad is None or not clean.grad.any()
