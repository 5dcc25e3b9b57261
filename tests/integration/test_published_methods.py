"""Methods of the literature that are recombinations of the parts, on a small real data set."""

from tests.cases.methods import adam, final, method, records

DIGITS = {
    "source": "sklearn",
    "dataset": "load_digits",
    "name": "digits",
    "batch_size": 256,
    "num_clusters": 10,
}
ENCODER = [
    {"type": "Flatten"},
    {"type": "Linear", "in_features": 64, "out_features": 64},
    {"type": "ReLU"},
    {"type": "Linear", "in_features": 64, "out_features": 10},
]
DECODER = [
    {"type": "Linear", "in_features": 10, "out_features": 64},
    {"type": "ReLU"},
    {"type": "Linear", "in_features": 64, "out_features": 64},
    {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 8, 8]},
]
RECONSTRUCTION = {
    "pattern": "reconstruction",
    "encoder_name": "encoder",
    "decoder_name": "decoder",
    "loss_reduction_method": "mean_across_samples",
}
K_MEANS_LOSS = {
    "pattern": "assignment_reinforcement",
    "loss_type": "l2",
    "sample_selection_criterion": "all_samples",
    "cluster_selection_criterion": "nearest_centroid",
    "sample_representation": "feature_representation",
    "cluster_representation": "centroid",
    "loss_weight": 0.5,
    "loss_report_interval": 50,
}


def dcn():
    """Yang et al., ICML 2017: no optimizer trains the centroids."""
    content = method(
        mappings=[
            {"type": "feature_extractor", "name": "encoder", "layers": ENCODER},
            {"type": "design_pattern_specific", "name": "decoder", "layers": DECODER},
        ],
        datasets=[{**DIGITS, "sampling": "shuffled"}],
    )
    first, second = content["phases"]
    first |= {"exit_criteria": {"iterations": 300}, "design_patterns": [RECONSTRUCTION]}
    second |= {
        "exit_criteria": {"iterations": 150},
        "performance_evaluation_interval": 150,
        "design_patterns": [
            RECONSTRUCTION,
            K_MEANS_LOSS,
            {"pattern": "running_mean_centroids"},
        ],
        "optimizers": [adam("encoder", "decoder")],
    }
    return content


def test_dcn_forms_clusters(run):
    folder = run(dcn())
    losses = [
        r["losses"]["assignment_reinforcement/reinforcement"]
        for r in records(folder)
        if "assignment_reinforcement/reinforcement" in r.get("losses", {})
    ]

    assert losses[-1] < 0.7 * losses[0]
    assert final(folder)["nmi"] > 0.6  # k-means on pixels has 0.74


def test_samples_balanced_over_clusters_are_shuffled_until_there_are_any(run):
    content = dcn()
    content["datasets"][0]["sampling"] = "balanced_over_clusters"
    for phase in content["phases"]:
        phase["exit_criteria"] = {"epochs": 2}
    content["phases"][1]["performance_evaluation_interval"] = 14
    folder = run(content)
    log = (folder / "log.txt").read_text()

    assert log.count("the sampling does not know the clusters yet: ") == 1
    assert "pretraining  the sampling does not know" in log
    assert final(folder)["nmi"] > 0.2
