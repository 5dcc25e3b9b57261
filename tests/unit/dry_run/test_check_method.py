"""The check builds every part, and reports each that cannot be built."""

import pytest
import torch

from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from tests.cases.methods import ENCODER, digits, linear, only_pretraining


def test_a_valid_method_passes_and_draws_no_random_number(load):
    state = torch.get_rng_state()

    check(load())

    assert torch.equal(torch.get_rng_state(), state)


def test_huge_layers_are_checked_without_memory(load):
    check(load(**only_pretraining(ENCODER, linear("huge", 10**4, 10**4))))


def test_every_rejected_layer_is_named(load):
    bad_size = linear("a", n_in=-3)
    bad_groups = {
        "type": "design_pattern_specific",
        "name": "b",
        "layers": [
            {"type": "ReLU"},
            {"type": "Conv2d", "in_channels": 3, "out_channels": 4, "kernel_size": 1, "groups": 2},
        ],
    }

    with pytest.raises(ConfigError) as caught:
        check(load(**only_pretraining(ENCODER, bad_size, bad_groups)))

    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["$.mappings[1].layers[0]", "$.mappings[2].layers[1]"]


def paths(config):
    with pytest.raises(ConfigError) as caught:
        check(config)
    return [problem.path for problem in caught.value.problems]


def test_every_bad_layer_of_a_mapping_is_named(load):
    bad = linear("bad", n_in=-3)
    bad["layers"] = [bad["layers"][0], {"type": "ReLU"}, {"type": "Dropout", "p": 7}]

    found = paths(load(**only_pretraining(ENCODER, bad)))

    assert found == ["$.mappings[1].layers[0]", "$.mappings[1].layers[2]"]


def test_transforms_of_every_data_set_are_tried(load):
    bad = [{"type": "ToTensor"}, {"type": "RandomAffine", "degrees": -5}]
    view = {"name": "view", "transforms": [{"type": "RandomRotation", "degrees": [1, 2, 3]}]}
    datasets = [digits(), digits(name="b", transforms=bad, batch_augmentations=[view])]

    found = paths(load(datasets=datasets))

    assert found == [
        "$.datasets[1].transforms[1]",
        "$.datasets[1].batch_augmentations[0].transforms[0]",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"batch_size": 48}, ["the last 8 of 200 samples (4 %) are in no training batch"]),
        ({"batch_size": 48, "shuffle": True}, []),
        ({"batch_size": 48, "drop_last": False}, []),
        ({"batch_size": 50}, []),
        ({"batch_size": 48, "phases": []}, []),
    ],
)
def test_samples_that_no_batch_has_are_a_warning(load, changes, expected):
    first = digits(name="first", order=-1)
    warnings = check(load(datasets=[first, digits(**{"shuffle": False, **changes})]))

    assert [warning.path for warning in warnings] == ["$.datasets[1]"] * len(expected)
    for warning, text in zip(warnings, expected, strict=True):
        assert warning.found.startswith(text)
        assert '"shuffled"' in warning.remedy
