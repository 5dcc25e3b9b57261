"""Parts that do not fit together are reported before data are read."""

from copy import deepcopy
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pytest
import torch

from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import CENTROIDS, DECODER, ENCODER, digits, linear, method

FOLDER = {"source": "torchvision", "dataset": "DTD", "root": "."}  # of unknown sizes


def problems(load, **changes):
    with pytest.raises(ConfigError) as caught:
        check(load(**changes))
    return [(problem.path, problem.found) for problem in caught.value.problems]


def changed(mapping, index, **arguments):
    made = deepcopy(mapping)
    made["layers"][index] |= arguments
    return made


def images(**changes):
    data = digits(**FOLDER, **changes)
    del data["index_of_last_sample_to_use"]
    return data


def test_a_decoder_that_takes_more_than_the_encoder_gives(load):
    decoder = changed(DECODER, 0, in_features=7, name="first")

    assert problems(load, mappings=[ENCODER, decoder]) == [
        (
            "$.mappings[1].layers[0]",
            "layer 'first' of 'decoder' takes 7 features, mapping 'encoder' gives 5",
        )
    ]


@pytest.mark.parametrize(
    ("index", "giver"), [(1, "the data set gives 64"), (3, "layer Linear of 'encoder' gives 16")]
)
def test_a_layer_is_named_once_with_what_it_gets(load, index, giver):
    encoder = changed(ENCODER, index, in_features=60)

    ((path, found),) = problems(load, mappings=[encoder, DECODER])

    assert path == f"$.mappings[0].layers[{index}]"
    assert found == f"layer Linear of 'encoder' takes 60 features, {giver}"


def test_a_layer_in_a_layer_is_found(load):
    inner = [ENCODER["layers"][1], {"type": "BatchNorm1d", "num_features": 3}]
    encoder = deepcopy(ENCODER)
    encoder["layers"][1] = {"type": "Sequential", "positional_arguments": inner}

    ((path, found),) = problems(load, mappings=[encoder, DECODER])

    assert path == "$.mappings[0].layers[1].positional_arguments[1]"
    assert "takes 3 features, layer Linear of 'encoder' gives 16" in found


def test_other_failures_of_a_layer_say_what_it_got(load):
    decoder = changed(DECODER, 1, unflattened_size=[1, 8, 7])

    ((path, found),) = problems(load, mappings=[ENCODER, decoder])

    assert path == "$.mappings[1].layers[1]"
    assert "fails on an input of shape (50, 64) from layer Linear of 'decoder'" in found


def test_a_reconstruction_of_another_size_is_laid_to_the_pattern(load):
    decoder = deepcopy(DECODER)
    decoder["layers"] = [decoder["layers"][0] | {"out_features": 63}]

    ((path, _),) = problems(load, mappings=[ENCODER, decoder])

    assert path == "$.phases[0].design_patterns[0]"


def test_a_classifier_has_one_output_for_every_cluster(load):
    role = "feature_space_classifier"
    classifier = linear("c", 5, 12, role=role, prior_mapping_name="encoder")
    phases = method()["phases"]
    phases[1]["design_patterns"] = [{"pattern": "assignment_entropy", "classifier_name": "c"}]

    ((path, found),) = problems(load, mappings=[ENCODER, DECODER, classifier], phases=phases)

    assert path == "$.mappings[2]"
    assert found.endswith("(12,) per sample, but num_clusters is 10")


def test_an_optimizer_needs_parameters(load):
    flat = {"type": "design_pattern_specific", "name": "flat", "layers": [{"type": "Flatten"}]}
    phases = method()["phases"]
    phases[0]["optimizers"][0]["trained_mapping_names"] = ["flat"]

    ((path, _),) = problems(load, mappings=[ENCODER, DECODER, flat], phases=phases)

    assert path == "$.phases[0].optimizers[0]"


def test_a_schedule_must_last_as_long_as_its_phase(load):
    phases = method()["phases"]
    phases[0]["optimizers"][0]["name"] = "main"
    schedule = {"type": "OneCycleLR", "optimizer_name": "main", "max_lr": 0.1, "step": "iteration"}
    phases[0]["optimizer_learning_rate_schedulers"] = [{**schedule, "total_steps": 3}]

    assert problems(load, phases=phases) == [
        (
            "$.phases[0].optimizer_learning_rate_schedulers[0]",
            "OneCycleLR has 3 steps, but the phase may take 4",
        )
    ]
    phases[0]["optimizer_learning_rate_schedulers"][0]["total_steps"] = 4
    check(load(phases=phases))


def test_saved_parameters_are_held_against_the_mapping(load, tmp_path):
    file = tmp_path / "encoder.pth"
    torch.save({"net.1.weight": torch.zeros(16, 63), "net.1.bias": torch.zeros(16)}, file)
    phases = method()["phases"]
    entry = {"mapping_name": "encoder", "path_to_file": str(file)}
    phases[0]["load_mapping_parameters"] = [entry]

    ((path, found),) = problems(load, phases=phases)

    assert path == "$.phases[0].load_mapping_parameters[0].path_to_file"
    assert "do not fit" in found


def test_saved_centroids_are_held_against_the_features(load, tmp_path):
    file = tmp_path / "centroids.pth"
    torch.save({"centroids": torch.zeros(10, 4)}, file)
    strategy = method()["cluster_assignment_strategy"] | {
        "centroid_initialization_strategy": "load_from_file",
        "centroid_file_path": str(file),
    }
    del strategy["centroid_initialization_classical_clustering_num_restarts"]

    ((path, _),) = problems(load, cluster_assignment_strategy=strategy)

    assert path == "$.cluster_assignment_strategy.centroid_file_path"


def test_a_data_set_of_unknown_shape_is_skipped_with_those_that_train_its_method_further(load):
    decoder = changed(DECODER, 0, in_features=7)
    later = digits(name="later", order=1)

    check(load(datasets=[images()], mappings=[ENCODER, decoder]))
    check(load(datasets=[images(), {**later, "reinitialize_mappings": False}]))
    ((path, _),) = problems(load, datasets=[images(), later], mappings=[ENCODER, decoder])

    assert path == "$.mappings[1].layers[0]"


def test_a_file_that_a_skipped_data_set_saves_is_not_read(load, tmp_path):
    torch.save({"net.1.weight": torch.zeros(16, 63)}, tmp_path / "saved.pth")
    phases = method()["phases"]
    phases[0]["save_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file_or_dir": "saved.pth"}
    ]
    phases[1]["load_mapping_parameters"] = [
        {"mapping_name": "encoder", "path_to_file": "saved.pth"}
    ]
    first = images(phases=["pretraining"])

    check(load(phases=phases, datasets=[first, digits(name="b", order=1, phases=["finetuning"])]))


def test_transforms_that_fix_the_size_make_it_known(load):
    resize = [{"type": "Resize", "size": [8, 8]}, {"type": "ToTensor"}]
    view = {"name": "view", "transforms": resize}
    data = images(transforms=resize, batch_augmentations=[view])

    ((path, found),) = problems(load, datasets=[data])

    assert path == "$.mappings[0].layers[1]"
    assert found.endswith("the data set gives 192")


def layer_wise(*stages):
    """The pattern with two iterations for each stage, (layers of the encoder, of the decoder)."""
    pairs = [
        {"encoder_layer_names": e, "decoder_layer_names": d, "train_for_iterations": 2}
        for e, d in stages
    ]
    return {
        "pattern": "layer_wise_pretraining",
        "encoder_name": "encoder",
        "decoder_name": "decoder",
        "dropout_rate": 0.2,
        "encoder_decoder_layer_pairs": pairs,
    }


@pytest.mark.parametrize(("outer", "inner", "layer"), [(65, 16, 1), (64, 17, 3)])
def test_the_layers_of_every_stage_are_tried(load, outer, inner, layer):
    encoder = changed(ENCODER, 1, name="outer", in_features=outer)
    encoder = changed(changed(encoder, 3, name="inner", in_features=inner), 0, name="flat")
    layers = [("first", 5, 16), ("second", 16, 64)]
    decoder = {
        **DECODER,
        "layers": [linear("", i, o)["layers"][0] | {"name": n} for n, i, o in layers],
    }
    phases = method()["phases"]
    phases[0]["design_patterns"] = [
        layer_wise((["flat", "outer"], ["second"]), (["inner"], ["first"]))
    ]

    ((path, _),) = problems(load, phases=phases, mappings=[encoder, decoder])

    assert path == f"$.mappings[0].layers[{layer}]"


def test_nothing_is_written_and_no_random_number_is_used(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    phases = method()["phases"]
    target = {"mapping_name": "encoder", "path_to_file_or_dir": "kept.pth", "keep_old_files": True}
    phases[0]["save_mapping_parameters"] = [target]
    config = load(phases=phases)
    before, state = sorted(tmp_path.rglob("*")), torch.get_rng_state()

    check(config)

    assert sorted(tmp_path.rglob("*")) == before
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("num_clusters", [1, 10])
def test_a_layer_that_takes_no_single_sample_is_accepted(load, num_clusters):
    norm = {"type": "BatchNorm1d", "num_features": 5, "track_running_stats": False}
    encoder = {**ENCODER, "layers": [*ENCODER["layers"], norm]}

    check(load(mappings=[encoder, DECODER], datasets=[digits(num_clusters=num_clusters)]))


def test_mismatches_of_several_mappings_are_reported_beside_a_wrong_option(load):
    phases = method()["phases"]
    phases[0]["optimizers"][0]["lr"] = -1.0
    phases[1]["design_patterns"].append(
        {"pattern": "assignment_entropy", "classifier_name": "classifier"}
    )
    classifier = linear("classifier", 6, 10, role="feature_space_classifier")

    found = problems(
        load, mappings=[ENCODER, changed(DECODER, 0, in_features=7), classifier], phases=phases,
        datasets=[digits(batch_size=10**6)],
    )  # fmt: skip

    assert sorted(path for path, _ in found) == [
        "$.datasets[0].batch_size",
        "$.mappings[1].layers[0]",
        "$.mappings[2].layers[0]",
        "$.phases[0].optimizers[0].lr",
    ]


def test_a_missing_flatten_is_found_and_what_follows_is_not_blamed(load):
    encoder = {**ENCODER, "layers": ENCODER["layers"][1:]}

    with pytest.raises(ConfigError) as caught:
        check(load(mappings=[encoder, DECODER]))

    (problem,) = caught.value.problems
    assert problem.path == "$.mappings[0].layers[0]"
    assert problem.remedy == 'put {"type": "Flatten"} before it'


def test_a_lazy_layer_that_never_runs_cannot_be_saved(load):
    unused = {"type": "design_pattern_specific", "name": "unused"}
    unused["layers"] = [{"type": "LazyLinear", "out_features": 5}]

    ((path, found),) = problems(load, mappings=[ENCODER, DECODER, unused])

    assert path == "$.mappings[2].layers[0]"
    assert found == "mapping 'unused' cannot be saved: it never runs, so LazyLinear has no size"


def test_a_lazy_layer_must_have_run_when_it_is_saved(load):
    lazy = deepcopy(DECODER)
    lazy["layers"][0] = {"type": "LazyLinear", "out_features": 64}
    phases = method()["phases"]
    late = deepcopy(phases[0])
    late |= {"name": "late", "order": 3}
    phases[0]["design_patterns"] = []
    phases[0]["save_mapping_parameters"] = [
        {"mapping_name": "decoder", "path_to_file_or_dir": "kept.pth"}
    ]
    phases[1]["design_patterns"] = []

    ((path, found),) = problems(load, mappings=[ENCODER, lazy], phases=[*phases, late])

    assert path == "$.phases[0].save_mapping_parameters[0]"
    assert "it has not run by then" in found


def test_saving_between_stages_asks_for_all_layers_by_then(load):
    encoder = changed(ENCODER, 1, name="outer")
    encoder["layers"][3] = {"type": "LazyLinear", "out_features": 5, "name": "inner"}
    lazy = {"type": "LazyLinear", "out_features": 16, "name": "first"}
    decoder = {**DECODER, "layers": [lazy, {**linear("", 16, 64)["layers"][0], "name": "second"}]}
    pattern = layer_wise((["outer"], ["second"]), (["inner"], ["first"]))
    encoder["layers"][0]["name"] = "flat"
    pattern["encoder_decoder_layer_pairs"][0]["encoder_layer_names"] = ["flat", "outer"]
    phases = method()["phases"]
    phases[0]["design_patterns"] = [pattern]
    save = {"mapping_name": "decoder", "path_to_file_or_dir": "kept.pth", "saving_interval": 3}
    phases[0]["save_mapping_parameters"] = [save]
    check(load(phases=phases, mappings=[encoder, decoder]))

    save["saving_interval"] = 2
    ((path, _),) = problems(load, phases=phases, mappings=[encoder, decoder])

    assert path == "$.phases[0].save_mapping_parameters[0]"


@pytest.mark.parametrize("start", ["random_uniform_noise", "classical_clustering"])
def test_many_clusters_take_no_memory(load, start):
    strategy = method()["cluster_assignment_strategy"] | {"centroid_initialization_strategy": start}
    if start != "classical_clustering":
        del strategy["centroid_initialization_classical_clustering_num_restarts"]
    view = [{"type": "Grayscale"}, {"type": "Resize", "size": [8, 8]}, {"type": "ToTensor"}]
    named = {"name": "view", "transforms": view}
    data = images(num_clusters=10**8, transforms=view, batch_augmentations=[named])
    before = getrusage(RUSAGE_SELF).ru_maxrss

    check(load(cluster_assignment_strategy=strategy, datasets=[data]))

    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 2**19  # KiB; the centroids take 2 GB


def strategy_with(start, **changes):
    strategy = {**CENTROIDS, "centroid_initialization_strategy": start, **changes}
    if start != "classical_clustering":
        del strategy["centroid_initialization_classical_clustering_num_restarts"]
    return strategy


@pytest.mark.parametrize("start", ["classical_clustering", "random_feature_representations"])
def test_fewer_samples_than_clusters_are_reported_at_their_number(load, start):
    ((path, _),) = problems(
        load,
        cluster_assignment_strategy=strategy_with(start),
        datasets=[digits(num_clusters=201)],
    )

    assert path == "$.datasets[0].num_clusters"


def test_centroids_that_will_be_recalculated_need_as_many_samples(load):
    strategy = strategy_with("random_uniform_noise")
    strategy |= {
        "centroid_recalculation_strategy": "classical_clustering",
        "centroid_recalculation_interval": 2,
    }
    changes = {
        "cluster_assignment_strategy": strategy, "datasets": [digits(num_clusters=201)]
    }  # fmt: skip

    ((path, _),) = problems(load, **changes)

    assert path == "$.datasets[0].num_clusters"
    strategy["centroid_recalculation_interval"] = 5  # the phase has 4 iterations
    check(load(**changes))


def test_a_few_samples_are_assigned_to_more_saved_centroids(load, tmp_path):
    torch.save({"centroids": torch.zeros(3, 5)}, tmp_path / "centroids.pth")
    strategy = strategy_with("load_from_file", centroid_file_path="centroids.pth")
    few = digits(
        num_clusters=3, index_of_last_sample_to_use=1, drop_last=False, batch_augmentations=[]
    )
    phases = method()["phases"]
    phases[1]["design_patterns"].pop()

    check(load(cluster_assignment_strategy=strategy, phases=phases, datasets=[few]))


def finetuning(*patterns):
    phases = method()["phases"]
    phases[1]["design_patterns"] = [*patterns]
    return phases


@pytest.mark.parametrize(("number", "fits"), [(199, True), (200, False)])
def test_more_neighbors_than_samples_are_reported_at_their_number(load, number, fits):
    phases = finetuning({"pattern": "neighbor_consistency", "num_neighbors": number})
    if fits:
        check(load(phases=phases))
        return

    ((path, found),) = problems(load, phases=phases)

    assert path == "$.phases[1].design_patterns[0].num_neighbors"
    assert (
        found == "200 neighbors of each sample need at least 201 samples, but the data set has 200"
    )


def test_neighbors_are_no_problem_if_the_number_of_samples_is_unknown(load):
    view = [{"type": "Grayscale"}, {"type": "Resize", "size": [8, 8]}, {"type": "ToTensor"}]
    data = images(transforms=view, batch_augmentations=[])

    check(load(phases=finetuning({"pattern": "neighbor_consistency", "num_neighbors": 999}),
               datasets=[data]))  # fmt: skip


def test_clusterings_are_no_problem_if_the_number_of_samples_is_unknown(load):
    view = [{"type": "Grayscale"}, {"type": "Resize", "size": [8, 8]}, {"type": "ToTensor"}]
    data = images(transforms=view, batch_augmentations=[])
    pixels = {"type": "feature_extractor", "name": "pixels", "layers": [{"type": "Flatten"}]}
    beside = {
        "name": "beside",
        "clustering": {"method": "dbscan", "min_samples": 100_000},
        "features": {"mapping_name": "pixels"},
    }

    phases = finetuning(
        {"pattern": "target_distribution", "target_distribution_recalculation_interval": 2}
    )
    mappings = [*method()["mappings"], pixels]

    check(load(mappings=mappings, phases=phases, reclusterings=[beside], datasets=[data]))


def test_companions_have_the_shape_of_their_view(load):
    small = {"name": "view", "transforms": [{"type": "CenterCrop", "size": 6}]}
    entry = {"pattern": "neighbor_consistency", "neighbor_batch_augmentation_name": "view"}

    ((path, found),) = problems(
        load, phases=finetuning(entry), datasets=[digits(batch_augmentations=[small])]
    )

    assert path == "$.mappings[0].layers[1]"
    assert "takes 64 features" in found
    assert found.endswith("36")


def test_what_patterns_do_after_the_step_is_tried(load):
    entry = {"pattern": "running_mean_centroids", "batch_augmentation_name": "view"}
    small = {"name": "view", "transforms": [{"type": "CenterCrop", "size": 6}]}

    check(load(phases=finetuning(entry)))
    ((path, _),) = problems(
        load, phases=finetuning(entry), datasets=[digits(batch_augmentations=[small])]
    )

    assert path == "$.mappings[0].layers[1]"


CONVOLUTION = {"type": "Conv2d", "in_channels": 1, "out_channels": 4, "kernel_size": 3}


@pytest.mark.parametrize(
    ("shape", "found", "remedy"),
    [
        (
            (8, 8),
            "samples of shape (channels, height, width), the data set gives samples of shape "
            "(8, 8); the channel axis is missing",
            'put {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 8]} before it',
        ),
        (
            (64,),
            "samples of shape (channels, height, width), the data set gives samples of shape (64,)",
            'put {"type": "Unflatten", "dim": 1, "unflattened_size": [channels, height, width]} '
            "before it",
        ),
        ((3, 8, 8), "1 channels, the data set gives 3", 'write "in_channels": 3, or change the '
         "layers before it"),
    ],
)  # fmt: skip
def test_a_convolution_names_the_axes_that_samples_lack(load, tmp_path, shape, found, remedy):
    np.save(tmp_path / "samples.npy", np.zeros((60, *shape), np.float32))
    layers = [CONVOLUTION, {"type": "Flatten"}, {"type": "LazyLinear", "out_features": 5}]
    data = {"source": "npy", "dataset": "d", "path": "samples.npy", "batch_size": 20}

    with pytest.raises(ConfigError) as caught:
        check(load(mappings=[{**ENCODER, "layers": layers}, DECODER],
                   datasets=[{**data, "num_clusters": 10, "batch_augmentations": [
                       {"name": "view", "transforms": []}]}]))  # fmt: skip

    (problem,) = caught.value.problems
    assert problem.path == "$.mappings[0].layers[0]"
    assert problem.found == f"layer Conv2d of 'encoder' takes {found}"
    assert problem.remedy == remedy


def test_the_advice_for_a_missing_channel_axis_works(load, tmp_path):
    np.save(tmp_path / "samples.npy", np.zeros((60, 8, 8), np.float32))
    unflatten = {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 8]}
    layers = [
        unflatten,
        CONVOLUTION,
        {"type": "Flatten"},
        {"type": "LazyLinear", "out_features": 5},
    ]
    decoder = {**DECODER, "layers": DECODER["layers"][:1]}
    data = {"source": "npy", "dataset": "d", "path": "samples.npy", "batch_size": 20}
    data["batch_augmentations"] = [{"name": "view", "transforms": []}]

    check(load(mappings=[{**ENCODER, "layers": layers}, decoder],
               datasets=[{**data, "num_clusters": 10}]))  # fmt: skip


def other_task(load, head_width=10, side_targets="labels", **changes):
    pattern = {"pattern": "other_task", "head_name": "naming", **changes}
    content = method()
    content["phases"][0]["design_patterns"].append(pattern)
    head = linear("naming", 5, head_width, prior_mapping_name="encoder")
    mappings = [*content["mappings"], head]
    data = digits(side_targets=side_targets)
    return {"mappings": mappings, "phases": content["phases"], "datasets": [data]}


@pytest.mark.parametrize("side_targets", ["labels", {"path": "t.npy"}])
def test_a_head_that_fits_the_side_targets_is_accepted(load, tmp_path, side_targets):
    np.save(tmp_path / "t.npy", np.arange(1797) % 10)

    check(load(**other_task(load, side_targets=side_targets)))


@pytest.mark.parametrize(
    ("n", "changes", "place", "words"),
    [
        (1797, {"head_width": 9}, "$.mappings[2]", "(9,) per sample, but the side targets"),
        (
            1797,
            {"loss_type": "squared_error"},
            "$.phases[0].design_patterns[1].loss_type",
            "number",
        ),
        (
            1797,
            {"side_targets": {"path": "t.npy", "kind": "numbers"}},
            "$.phases[0].design_patterns[1].loss_type",
            "needs classes",
        ),
        (
            1797,
            {"side_targets": {"path": "t.npy", "key": "t"}},
            "$.datasets[0].side_targets.key",
            "remove key",
        ),
        (199, {}, "$.datasets[0].side_targets.path", "199 targets"),
    ],
)
def test_side_targets_that_do_not_fit_are_reported(load, tmp_path, n, changes, place, words):
    np.save(tmp_path / "t.npy", np.arange(n) % 10)

    ((path, found),) = problems(
        load, **other_task(load, **{"side_targets": {"path": "t.npy"}, **changes})
    )

    assert path == place
    assert words in found


def test_labels_that_data_lack_cannot_be_side_targets(load, tmp_path):
    np.save(tmp_path / "images.npy", np.zeros((60, 1, 8, 8), np.float32))
    changes = other_task(load)
    changes["datasets"] = [
        {
            "source": "npy",
            "path": "images.npy",
            "batch_size": 20,
            "num_clusters": 3,
            "side_targets": "labels",
            "batch_augmentations": [{"name": "view", "transforms": []}],
        }
    ]

    ((path, found),) = problems(load, **changes)

    assert path == "$.datasets[0].side_targets"
    assert "has no labels" in found


def constrained(path):
    content = method()
    pattern = {"pattern": "pairwise_constraints", "path": path}
    content["phases"][1]["design_patterns"].append(pattern)
    return {"phases": content["phases"]}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("0,200,1", "samples 0 and 200 are a pair, but the data set has 200 samples"),
        ("0,1,1\n1,0,-1", "samples 0 and 1 have both signs"),
        ("0,0,1", "pair 1 (0, 0, 1) is a sample with itself"),
    ],
)
def test_invalid_pairs_are_reported_at_their_file(load, tmp_path, rows, words):
    (tmp_path / "pairs.csv").write_text(f"first,second,sign\n{rows}\n")

    ((path, found),) = problems(load, **constrained("pairs.csv"))

    assert path == "$.phases[1].design_patterns[3].path"
    assert words in found


def test_valid_pairs_are_accepted(load, tmp_path):
    (tmp_path / "pairs.csv").write_text("first,second,sign\n0,199,1\n")

    check(load(**constrained("pairs.csv")))
