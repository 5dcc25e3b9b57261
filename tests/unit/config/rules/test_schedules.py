"""Numbers of schedules that contradict each other, or the key that they are for."""

import pytest

from tests.unit.config.methods import dec, load, problem, problems

LINEAR = {"schedule": "linear", "from": 1, "to": 0.1, "end_iteration": 5}
WEIGHT = "$.phases[0].design_patterns[0].loss_weight"


def scheduled(entry, key="loss_weight"):
    method = dec()
    method["phases"][0]["design_patterns"][0][key] = entry
    return method


def contrasting(entry):
    method = dec()
    pattern = {"pattern": "instance_contrast", "contrastive_learning_head_name": "encoder"}
    pattern |= {"batch_augmentation_name_1": "flipped", "temperature_parameter": entry}
    method["phases"][0]["design_patterns"].append(pattern)
    return method


def test_a_schedule_ends_after_its_start(tmp_path):
    found = problem(tmp_path, scheduled({**LINEAR, "start_iteration": 5}))

    assert found.path == f"{WEIGHT}.end_iteration"
    assert found.found == "5 is not greater than start_iteration, 5"
    assert found.remedy == "write more than 5"


@pytest.mark.parametrize("value", [0, 0.0000001, -3])
def test_every_value_is_within_the_bounds_of_its_key(tmp_path, value):
    found = problem(tmp_path, contrasting({**LINEAR, "to": value}))

    assert found.path == "$.phases[0].design_patterns[1].temperature_parameter.to"
    assert found.found == f"{value} is out of range, it must be at least 1e-06"
    assert "divisor of cosine similarities" in found.remedy


def test_values_within_the_bounds_are_accepted(tmp_path):
    load(tmp_path, contrasting({**LINEAR, "to": 0.000001}))


@pytest.mark.parametrize(
    ("entry", "path", "remedy"),
    [
        ({**LINEAR, "schedule": "liner"}, ".schedule", "did you mean 'linear'?"),
        ({**LINEAR, "end_iteraton": 3}, ".end_iteraton", "did you mean 'end_iteration'?"),
        ({"from": 1, "to": 2, "end_iteration": 3}, "", "The name of the component."),
        ({**LINEAR, "unit": "epochs"}, ".unit", "did you mean 'epoch'?"),
        ({**LINEAR, "from": "1"}, ".from", "The value until start_iteration."),
        ("linear", "", "The factor of the loss in the minimized sum, a number or a schedule."),
        ([1, 2], "", "The factor of the loss in the minimized sum, a number or a schedule."),
    ],
)
def test_mistakes_in_a_schedule_are_explained_where_they_are(tmp_path, entry, path, remedy):
    found = problems(tmp_path, scheduled(entry))

    assert f"{WEIGHT}{path}" in [p.path for p in found]
    assert any(p.remedy.startswith(remedy) for p in found)


@pytest.mark.parametrize(
    ("entry", "criterion", "warning"),
    [
        ({**LINEAR, "end_iteration": 11}, "iterations", "11, but the phase ends after 10"),
        ({**LINEAR, "end_iteration": 10}, "iterations", None),
        ({**LINEAR, "end_iteration": 11, "unit": "epoch"}, "iterations", None),
        ({**LINEAR, "end_iteration": 11, "unit": "epoch"}, "epochs", "epoch 11, but"),
        ({**LINEAR, "end_iteration": 11}, "epochs", None),
    ],
)
def test_a_schedule_that_the_phase_cuts_is_a_warning(tmp_path, entry, criterion, warning):
    method = scheduled(entry)
    method["phases"][0]["exit_criteria"] = {criterion: 10}

    warnings = [w for w in load(tmp_path, method).warnings if w.path.startswith(WEIGHT)]

    assert [w.path for w in warnings] == ([f"{WEIGHT}.end_iteration"] if warning else [])
    assert all(warning in w.found for w in warnings)


def test_a_schedule_with_a_negative_weight_is_a_warning(tmp_path):
    warnings = load(tmp_path, scheduled({**LINEAR, "to": -1})).warnings

    assert [w.path for w in warnings if "negative" in w.found] == [f"{WEIGHT}.to"]


ALPHA = "gaussian_similarity_measure_inverse_temperature"


def gaussian(temperature):
    method = dec()
    method["cluster_assignment_strategy"] |= {"similarity_measure": "gaussian", ALPHA: temperature}
    return method


@pytest.mark.parametrize(
    ("older", "schedule"),
    [
        ({"fixed_value": 2}, "constant"),
        (
            {
                "annealing_initial_value": 1,
                "annealing_final_value": 2,
                "annealing_iterations_per_value": 5,
            },
            "deep_k_means_annealing",
        ),
    ],
)
def test_older_spellings_of_the_inverse_temperature_name_no_schedule(tmp_path, older, schedule):
    spelled = load(tmp_path, gaussian({"schedule": schedule, **older})).strategy.options[ALPHA]

    assert load(tmp_path, gaussian(older)).strategy.options[ALPHA] == spelled
    assert spelled["schedule"] == schedule


@pytest.mark.parametrize(
    ("temperature", "path"),
    [(0, ""), ({**LINEAR, "from": 0}, ".from"), ({**LINEAR, "end_iteration": 0}, ".end_iteration")],
)
def test_the_inverse_temperature_is_positive(tmp_path, temperature, path):
    found = problems(tmp_path, gaussian(temperature))

    assert {p.path for p in found} == {f"$.cluster_assignment_strategy.{ALPHA}{path}"}


def test_a_schedule_that_counts_across_phases_may_end_after_one(tmp_path):
    assert load(tmp_path, gaussian({**LINEAR, "end_iteration": 10**6})).warnings == ()
