"""Combinations are those that brute force finds, each once, with the reasons against the others."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError
from dcrf.recombination.candidates import candidates_of
from dcrf.recombination.space import read_space
from tests.cases.methods import digits, method, written

FINETUNING = "phases[finetuning].design_patterns"
WEIGHT = {
    "name": "weight",
    "path": f"{FINETUNING}[target_distribution].loss_weight",
    "values": [1, 2, "x"],
}
ENTROPY = {"name": "entropy", "removable": f"{FINETUNING}[assignment_entropy]"}
BATCH = {
    "name": "data",
    "options": {
        "small": {},
        "too small": {"datasets": [{"name": "digits", "batch_size": 500}]},
    },
}


@pytest.fixture
def space(tmp_path):
    content = method(datasets=[{**digits(), "name": "digits"}])
    written(tmp_path, content, "base.json")

    def reader(*slots, **others):
        values = {"name": "parts", "base": "base.json", "slots": slots, **others}
        return read_space(Path(written(tmp_path, values, "space.json")))

    return reader


def runs(content):
    try:
        check(load_checked(content))
    except ConfigError:
        return False
    return True


def by_brute_force():
    """The choices of WEIGHT, ENTROPY and BATCH whose methods run, changed by hand."""
    for weight, entropy, data in product([1, 2, "x"], ["with", "without"], ["small", "too small"]):
        content = method(datasets=[{**digits(), "name": "digits"}])
        patterns = content["phases"][1]["design_patterns"]
        patterns[0] = {**patterns[0], "loss_weight": weight}
        if entropy == "without":
            del patterns[1]
        if data == "too small":
            content["datasets"][0]["batch_size"] = 500
        if runs(content):
            yield {"weight": str(weight), "entropy": entropy, "data": data}


def test_the_valid_combinations_are_those_of_brute_force(space):
    found = candidates_of(space(WEIGHT, ENTROPY, BATCH))

    expected = list(by_brute_force())
    assert [candidate.choice for candidate in found.valid] == expected
    assert 0 < len(expected) < 12
    assert len(found.invalid) == 12 - len(expected)
    assert found.equal == 0
    assert sum(number for _, number in found.reasons) == len(found.invalid)
    assert any("'x' is not a number" in reason for reason, _ in found.reasons)


def test_names_tell_methods_apart_and_stay_the_same(space):
    first = candidates_of(space(WEIGHT, ENTROPY)).valid
    again = candidates_of(space(ENTROPY, WEIGHT)).valid

    names = [candidate.name for candidate in first]
    assert len(set(names)) == len(names)
    assert all(name.startswith("parts_") for name in names)
    assert {*names} == {candidate.name for candidate in again}


def test_equal_methods_count_once(space):
    same = {
        "name": "same",
        "options": {"as it is": {}, "again": {"phases": [{"name": "finetuning", "order": 2}]}},
    }

    found = candidates_of(space(same))

    assert (len(found.valid), found.equal) == (1, 1)


def test_a_slot_that_names_nothing_is_a_reason(space):
    nothing = {**ENTROPY, "removable": f"{FINETUNING}[entropie]"}

    with pytest.raises(ConfigError, match=r"slot 'entropy' names nothing: \[entropie\] is missing"):
        candidates_of(space(nothing))


def test_draws_begin_with_the_reference_and_repeat_nothing(space):
    search = {"type": "random", "number": 2}
    slots = ({**WEIGHT, "values": [1, 2, 3, 4, 5, 6]}, ENTROPY)

    drawn = candidates_of(space(*slots, search=search)).valid
    again = candidates_of(space(*slots, search=search)).valid
    other = candidates_of(space(*slots, search={**search, "seed": 1})).valid

    assert drawn[0].choice == {"weight": "1", "entropy": "with"}
    assert len({candidate.name for candidate in drawn}) == 3
    assert [c.name for c in drawn] == [c.name for c in again] != [c.name for c in other]


def test_too_many_combinations_are_refused(space):
    slots = [{"name": str(n), "options": {str(i): {} for i in range(60)}} for n in range(3)]

    with pytest.raises(ConfigError, match="216,000 combinations, more than"):
        candidates_of(space(*slots))


def test_relative_paths_of_options_start_at_the_folder_of_the_space(space, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    np.savez(tmp_path / "rows.npz", samples=np.zeros((20, 1, 8, 8), np.float32))
    kept = {k: v for k, v in digits().items() if k in ("batch_augmentations", "num_clusters")}
    rows = {**kept, "name": "digits", "source": "npz", "path": "rows.npz", "batch_size": 10}
    data = {"name": "data", "options": {"digits": {}, "rows": {"datasets": [rows]}}}

    found = candidates_of(space(data))

    assert [reason for _, reason in found.invalid] == []
    assert found.valid[1].content["datasets"][0]["path"] == str(tmp_path / "rows.npz")


def test_a_value_replaces_that_of_the_base(space):
    criteria = [{"iterations": 4}, {"epochs": 2}]
    end = {"name": "end", "path": "phases[finetuning].exit_criteria", "values": criteria}

    found = candidates_of(space(end)).valid

    assert [each.content["phases"][1]["exit_criteria"] for each in found] == criteria


def test_the_order_of_slots_does_not_decide_what_is_removed(space):
    weight = {**WEIGHT, "path": f"{FINETUNING}[assignment_entropy].loss_weight", "values": [1, 2]}

    one, other = (candidates_of(space(*slots)) for slots in ((ENTROPY, weight), (weight, ENTROPY)))

    assert {each.name for each in one.valid} == {each.name for each in other.valid}
    assert (len(one.valid), one.equal, one.invalid) == (3, 1, [])


def test_a_base_that_saves_parameters_is_refused(space, tmp_path):
    content = method(datasets=[{**digits(), "name": "digits"}])
    save = {"part_name": "encoder", "path_to_file_or_dir": "saved/"}
    content["phases"][0]["save_parameters"] = [save]
    read = space(WEIGHT)
    written(tmp_path, content, "base.json")

    with pytest.raises(ConfigError, match=r"save_parameters\[0\] of the base saves parameters"):
        candidates_of(read)


def test_names_change_with_the_data(space, tmp_path):
    kept = {k: v for k, v in digits().items() if k in ("batch_augmentations", "num_clusters")}
    rows = {**kept, "name": "digits", "source": "npz", "path": "rows.npz", "batch_size": 10}
    content = method(datasets=[rows])
    read = space(ENTROPY)
    written(tmp_path, content, "base.json")

    def names(value):
        samples = np.full((20, 1, 8, 8), value, np.float32)
        np.savez(tmp_path / "rows.npz", samples=samples)
        return [candidate.name for candidate in candidates_of(read).valid]

    before = names(0)

    assert names(0) == before
    assert not {*names(1)} & {*before}
