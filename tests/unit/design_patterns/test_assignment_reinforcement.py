import pytest
import torch

from dcrf.assignment.feature_representation_centroid_similarity import (
    FeatureRepresentationCentroidSimilarity,
)
from dcrf.errors import TrainingError
from dcrf.mappings.features import Features
from dcrf.schedules.constant import Constant
from tests.cases.tiny import CASES, ENTRIES, N_CLUSTERS, World, changed
from tests.cases.validity import errors

STEM = "assignment_reinforcement"
ENTRY = CASES[STEM]
WEIGHT = "sample_cluster_pair_loss_weighting_term"
DISTANCE = "threshold_on_feature_representation_distance_to_centroid"
SOFT_ASSIGNMENT = "threshold_on_soft_assignment_to_cluster"
DECODED = {
    "cluster_representation": "centroid_processed_by_decoder",
    "associated_decoder_name": "decoder",
}
SELF_LABELING = {
    "loss_type": "cross_entropy",
    "sample_representation": "soft_assignments",
    "cluster_representation": "pseudolabel",
    "cluster_selection_criterion": "argmax_of_soft_assignments",
    "classifier_name": "classifier",
}
N = 9


def loss_of(world):
    return world.losses(torch.arange(N))["reinforcement"]


def samples_of(world):
    return world.batch(torch.arange(N)).samples


def gradients(loss, world):
    parameters = list(world.model.parameters())
    return torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)


def slow_loss(world):
    """Every pair of a sample and a cluster in turn, straight from the words of the options."""
    entry, centroids, samples = world.entry, world.centroids.values, samples_of(world)
    encode, decode = world.mappings["encoder"], world.mappings["decoder"]
    totals = []
    for sample, feature, q in zip(
        samples, encode(samples), world.pattern.assignment(samples).exp(), strict=True
    ):
        distances = torch.stack([(feature - centroid).norm() for centroid in centroids])
        selected = [k for k in range(N_CLUSTERS) if is_selected(entry, distances, q, k)]
        weights = {
            "unit": torch.ones(N_CLUSTERS),
            "l2_distance_of_feature_representation_to_centroid": distances,
            "gaussian_kernel_based_similarity_of_feature_representation_to_centroid": (
                (-distances.square()).exp() / (-distances.square()).exp().sum()
            ),
            "soft_assignment_of_sample_to_cluster": q,
        }[entry[WEIGHT]]
        losses = [-q.max().log()] * N_CLUSTERS
        if entry["loss_type"] != "cross_entropy":
            side = {
                "original_sample": sample,
                "decoder_reconstructed_sample": decode(encode(sample)),
                "feature_representation": feature,
                "soft_assignments": q,
            }[entry["sample_representation"]]
            others = {
                "centroid": centroids,
                "centroid_processed_by_decoder": [decode(centroid) for centroid in centroids],
                "pseudolabel": [torch.eye(N_CLUSTERS)[q.argmax()]] * N_CLUSTERS,
            }[entry["cluster_representation"]]
            power = {"l2": 2, "distance": 1}[entry["loss_type"]]
            losses = [(side - other).norm() ** power for other in others]
        totals += [sum(weights[k] * losses[k] for k in selected)] if selected else []
    return sum(totals) / len(totals)


def is_selected(entry, distances, q, k):
    by_sample = {
        "all_samples": True,
        DISTANCE: distances[k] <= entry.get(DISTANCE, 0),
        SOFT_ASSIGNMENT: q[k] >= entry.get(SOFT_ASSIGNMENT, 0),
    }
    by_cluster = {
        "all_clusters": True,
        "nearest_centroid": k == distances.argmin(),
        "argmax_of_soft_assignments": k == q.argmax(),
    }
    return (
        by_sample[entry["sample_selection_criterion"]]
        and by_cluster[entry["cluster_selection_criterion"]]
    )


@pytest.mark.parametrize("assigned_by", [None, "classifier"])
@pytest.mark.parametrize("name", [name for name in ENTRIES if name.startswith(STEM)])
def test_it_agrees_with_the_words_of_the_options_pair_by_pair(name, assigned_by):
    """Also in its gradients, and if a classifier assigns other clusters than the centroids."""
    change = {"classifier_name": assigned_by} if assigned_by else {}
    world = World({**ENTRIES[name], **change}, torch.float64)
    loss, expected = loss_of(world), slow_loss(world)

    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients(loss, world), gradients(expected, world))


def test_it_is_the_loss_of_deep_k_means_with_gradients_through_its_weights():
    name = "gaussian_kernel_based_similarity_of_feature_representation_to_centroid"
    world, alpha = World({**ENTRY, WEIGHT: name}, torch.float64), 3.0
    world.pattern.method_assignment = FeatureRepresentationCentroidSimilarity(
        features=Features(world.mappings["encoder"]),
        centroids=world.centroids,
        similarity_measure="gaussian",
        gaussian_similarity_measure_inverse_temperature=Constant(alpha),
    )
    features = world.mappings["encoder"](samples_of(world))
    squared = torch.cdist(features, world.centroids.values).square()
    expected = (squared * (-alpha * squared).softmax(dim=1)).sum(dim=1).mean()
    parameters = [world.centroids.values, *world.mappings["encoder"].parameters()]

    torch.testing.assert_close(loss_of(world), expected)
    torch.testing.assert_close(
        torch.autograd.grad(loss_of(world), parameters), torch.autograd.grad(expected, parameters)
    )


def test_a_distance_has_no_gradient_at_a_centroid():
    world = World({**ENTRY, "loss_type": "distance"}, torch.float64)
    features = world.mappings["encoder"](samples_of(world))
    world.centroids.values.data = features[:N_CLUSTERS].detach().clone()

    loss = loss_of(world)

    assert all(gradient.isfinite().all() for gradient in gradients(loss, world))
    distances = torch.cdist(features, world.centroids.values)
    torch.testing.assert_close(loss, distances.sum(dim=1).mean(), atol=1e-6, rtol=1e-6)


def test_the_gaussian_weight_counts_clusters_that_are_not_selected():
    name = "gaussian_kernel_based_similarity_of_feature_representation_to_centroid"
    world = World({**ENTRY, WEIGHT: name, "cluster_selection_criterion": "nearest_centroid"})
    features = world.mappings["encoder"](samples_of(world))
    squared = torch.cdist(features, world.centroids.values).square()
    expected = (squared * (-squared).softmax(dim=1)).gather(1, squared.argmin(1, keepdim=True))

    torch.testing.assert_close(loss_of(world), expected.mean())


def test_thresholds_are_inclusive_and_distances_unsquared():
    world = World({**ENTRY, "sample_selection_criterion": DISTANCE, DISTANCE: 5.0})
    world.pattern.feature_module = torch.nn.Identity()
    world.centroids.set_values(torch.tensor([[3.0, 4.0], [3.0, 4.1], [0.0, 6.0]]))
    batch = world.batch(torch.arange(2))
    loss = world.pattern(type(batch)(batch.indices, torch.zeros(2, 2)))["reinforcement"]

    assert loss.item() == 25


def test_the_threshold_on_assignments_is_inclusive():
    world = World({**ENTRY, "sample_selection_criterion": SOFT_ASSIGNMENT, SOFT_ASSIGNMENT: 0})
    q = world.pattern.assignment(samples_of(world)).exp()
    world.pattern.smallest_assignment = q.max().item()
    row, cluster = divmod(q.argmax().item(), N_CLUSTERS)
    features = world.mappings["encoder"](samples_of(world))
    expected = (features[row] - world.centroids.values[cluster]).square().sum()

    torch.testing.assert_close(loss_of(world), expected)


def test_distances_keep_their_digits_far_from_the_origin():
    """Gaps of 0.05 at 1,000, and a threshold between the distances 0.01 and 0.04."""
    world = World({**ENTRY, "sample_selection_criterion": DISTANCE, DISTANCE: 0.02})
    world.pattern.feature_module = torch.nn.Identity()
    centroids = 1000 + 0.05 * torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    world.centroids.set_values(centroids)
    samples = centroids.repeat(20, 1) + torch.tensor([0.01, 0.0])
    loss = world.pattern(type(world.data)(torch.arange(60), samples))["reinforcement"]

    assert loss.item() == pytest.approx(1e-4, rel=0.02)


def test_a_threshold_does_not_shrink_the_loss_of_those_that_pass_it():
    change = {"sample_selection_criterion": DISTANCE, "cluster_selection_criterion": "all_clusters"}
    world = World({**ENTRY, **change, DISTANCE: 0.3})
    features = world.mappings["encoder"](samples_of(world))
    distances = torch.cdist(features, world.centroids.values)
    passed = distances[distances <= 0.3]

    assert 0 < len(passed) < N
    assert loss_of(world).item() == pytest.approx(passed.square().mean().item(), rel=1e-4)


def test_no_selected_sample_gives_a_loss_of_zero_with_a_graph():
    world = World({**ENTRY, "sample_selection_criterion": DISTANCE, DISTANCE: 0})
    loss = loss_of(world)
    loss.backward()

    assert loss == 0
    assert not world.centroids.values.grad.any()


def test_samples_on_their_centroid_give_finite_gradients():
    world = World({**ENTRY, WEIGHT: "l2_distance_of_feature_representation_to_centroid"})
    world.centroids.set_values(world.mappings["encoder"](samples_of(world)[:N_CLUSTERS]))
    loss_of(world).backward()

    assert world.centroids.values.grad.isfinite().all()


def test_self_labeling_needs_no_centroids():
    world = World(changed({**ENTRY, **SELF_LABELING}, {"associated_feature_extractor_name": None}))
    world.pattern.centroids = None
    q = world.mappings["classifier"](samples_of(world))

    torch.testing.assert_close(loss_of(world), -q.amax(dim=1).log().mean())


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({}, "centroid"),
        ({"sample_representation": "original_sample", **DECODED}, "centroid_processed_by_decoder"),
        ({**SELF_LABELING, "cluster_selection_criterion": "nearest_centroid"}, "nearest_centroid"),
        ({**SELF_LABELING, "sample_selection_criterion": DISTANCE, DISTANCE: 1}, DISTANCE),
    ],
)
def test_options_that_need_centroids_report_missing_ones(change, option):
    world = World({**ENTRY, **change})
    world.pattern.centroids.values.data = torch.empty(N_CLUSTERS, 0)

    with pytest.raises(
        TrainingError, match=rf"{option} needs centroids, which are not initialized"
    ):
        loss_of(world)


def test_samples_are_reconstructed_by_the_encoder_and_not_by_the_feature_extractor():
    change = {"sample_representation": "decoder_reconstructed_sample", **DECODED}
    world = World(
        changed(
            {**ENTRY, **change, "associated_encoder_name": "encoder"},
            {"associated_feature_extractor_name": None},
        )
    )

    assert loss_of(world) == loss_of(World({**ENTRY, **change}))


def test_the_encoder_defaults_to_the_feature_extractor():
    change = {"sample_representation": "decoder_reconstructed_sample", **DECODED}
    explicit = World({**ENTRY, **change, "associated_encoder_name": "encoder"})

    assert loss_of(World({**ENTRY, **change})) == loss_of(explicit)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"sample_representation": "original_sample"}, "cluster_representation"),
        ({"sample_representation": "decoder_reconstructed_sample"}, "cluster_representation"),
        ({"sample_representation": "soft_assignments"}, "cluster_representation"),
        (DECODED, "cluster_representation"),
        ({"loss_type": "cross_entropy"}, "cluster_representation"),
        (
            {**SELF_LABELING, "cluster_selection_criterion": "all_clusters"},
            "cluster_selection_criterion",
        ),
    ],
)
def test_pairings_without_meaning_are_errors(change, key):
    assert set(errors({**ENTRY, **change})) == {f"$.{key}"}


@pytest.mark.parametrize(
    "change",
    [
        {"sample_selection_criterion": DISTANCE},
        {"sample_selection_criterion": SOFT_ASSIGNMENT},
        {"sample_representation": "original_sample", **DECODED, "associated_decoder_name": None},
    ],
)
def test_options_require_their_arguments(change):
    assert errors(changed(ENTRY, change)) == ["$"]
