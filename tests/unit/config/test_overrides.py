import pytest

from dcrf.config import load_checked
from dcrf.errors import ConfigError
from tests.unit.config.methods import dec, write


def loaded(folder, *settings, most=None, method=None):
    return load_checked(write(folder, method or dec()), settings, most)


def refusals(folder, *settings):
    with pytest.raises(ConfigError) as caught:
        loaded(folder, *settings)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "path",
    ["datasets[0].batch_size", "datasets.0.batch_size", "$.datasets[load_digits].batch_size"],
)
def test_a_value_is_found_by_index_or_name(tmp_path, path):
    assert loaded(tmp_path, f"{path}=64").datasets[0].batch_size == 64


def test_values_are_json_or_else_plain_strings(tmp_path):
    config = loaded(
        tmp_path,
        "name=a=b [c]",
        "seed=3",
        "phases[finetuning].exit_criteria.iterations=5e2",
        'datasets[0].phases=["finetuning"]',
        "datasets[0].shuffle=true",
    )

    assert (config.name, config.seed) == ("a=b [c]", 3)
    assert config.phases[1].exit_criteria["iterations"] == 500
    assert config.datasets[0].phases == ("finetuning",)
    assert config.datasets[0].sampling == {"type": "shuffled"}


def test_later_settings_win_and_see_earlier_ones(tmp_path):
    config = loaded(tmp_path, 'phases[0].exit_criteria={"epochs": 1}', "phases[0].name=first",
                    "phases[first].exit_criteria.epochs=2")  # fmt: skip

    assert (config.phases[0].name, config.phases[0].exit_criteria) == ("first", {"epochs": 2})


def test_a_setting_takes_the_place_of_the_older_key(tmp_path):
    config = loaded(tmp_path, "device=cpu", method={**dec(), "training_device": "cuda"})

    assert (config.device, config.notes) == ("cpu", ())


def test_patterns_can_be_named_by_their_stem(tmp_path):
    setting = "phases[pretraining].design_patterns[reconstruction].loss_weight=0.5"

    assert loaded(tmp_path, setting).phases[0].design_patterns[0].weights == {"*": 0.5}


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("batch_size", "not a JSON path and a value"),
        ("=1", "not a JSON path and a value"),
        ("a..b=1", "not a JSON path and a value"),
        ("datasets[1].batch_size=1", "no item 1"),
        ("datasets[99999999999999999999].batch_size=1", "no item called"),
        ("datasets[mnist].batch_size=1", "no item called 'mnist'"),
        ("phase[0].order=1", "has no 'phase'"),
        ("name.first=1", "neither an object nor a list"),
        ("mappings[encoder].layers[Linear].bias=1", "several items called 'Linear'"),
    ],
)
def test_a_setting_that_leads_nowhere_is_a_problem(tmp_path, setting, found):
    method = dec()
    for layer in method["mappings"][0]["layers"]:
        layer.pop("name", None)
    del method["mappings"][0]["layer_initialization"]

    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, setting, method=method)

    (problem,) = caught.value.problems
    assert problem.path == f"--set {setting}"
    assert found in problem.found
    assert problem.remedy


def test_what_is_set_is_checked_like_the_file_but_has_no_line(tmp_path):
    problems = refusals(tmp_path, "datasets[0].batchsize=4", "phases[0].order=NaN")

    assert {(p.path, p.line) for p in problems} == {
        ("$.datasets[0].batchsize", 0),
        ("$.phases[0].order", 0),
    }


def test_all_settings_and_the_file_are_reported_at_once(tmp_path):
    assert len(refusals(tmp_path, "x.y=1", "z.y=1", "seed=1.5")) == 3


def test_no_phase_lasts_longer_than_the_most_iterations(tmp_path):
    config = loaded(tmp_path, "phases[0].exit_criteria.iterations=5", most=7)

    assert [p.exit_criteria["iterations"] for p in config.phases] == [5, 7]
    assert config.filled["phases"][1]["exit_criteria"]["epochs"] == 3


@pytest.mark.parametrize("wrong", [None, 3, [None, {}, {"exit_criteria": {"iterations": "x"}}]])
def test_the_most_iterations_survive_wrong_shapes(tmp_path, wrong):
    with pytest.raises(ConfigError):
        loaded(tmp_path, most=3, method={**dec(), "phases": wrong})


def test_the_most_iterations_stand_in_for_no_criterion(tmp_path):
    method = dec()
    method["phases"][0]["exit_criteria"] = {}

    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, most=3, method=method)

    assert [p.path for p in caught.value.problems] == ["$.phases[0].exit_criteria"]
