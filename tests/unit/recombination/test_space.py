"""A space file is read whole, or refused with every problem."""

from pathlib import Path

import pytest

from dcrf.errors import ConfigError
from dcrf.recombination.space import read_space
from tests.cases.methods import method, written

RECONSTRUCTION = "phases[pretraining].design_patterns[reconstruction]"
SLOTS = [{"name": "weight", "path": f"{RECONSTRUCTION}.loss_weight", "values": [1, 0.5]}]

RUNG = {"iterations": 10, "keep": 3}


@pytest.fixture
def write(tmp_path):
    written(tmp_path, method(), "base.json")

    def writer(**changes):
        content = {"name": "parts", "base": "base.json", "slots": SLOTS, **changes}
        return written(tmp_path, content, "space.json")

    return writer


def read(file):
    return read_space(Path(file))


def refusal(file):
    with pytest.raises(ConfigError) as caught:
        read(file)
    return str(caught.value)


def test_a_slot_of_values_changes_one_place(write):
    (slot,) = read(write()).slots

    change = [{"name": "reconstruction", "loss_weight": 0.5}]
    assert slot.options == {
        "1": {
            "phases": [
                {"name": "pretraining", "design_patterns": [{**change[0], "loss_weight": 1}]}
            ]
        },
        "0.5": {"phases": [{"name": "pretraining", "design_patterns": change}]},
    }


def test_a_removable_entry_has_two_options(write):
    (slot,) = read(write(slots=[{"name": "reconstruction", "removable": RECONSTRUCTION}])).slots

    removed = {"name": "reconstruction", "$remove": True}
    assert slot.options == {
        "with": {},
        "without": {"phases": [{"name": "pretraining", "design_patterns": [removed]}]},
    }


def test_options_are_named_changes(write):
    options = {"narrow": {}, "wide": {"mappings": []}}

    (slot,) = read(write(slots=[{"name": "width", "options": options}])).slots

    assert slot.options == options


def test_seeds_and_draws_have_defaults(write):
    space = read(write())
    drawn = read(write(seeds=[3, 4], search={"type": "random", "number": 5}))

    assert (space.seeds, space.number) == ([0], None)
    assert (drawn.seeds, drawn.number, drawn.draw_seed) == ([3, 4], 5, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slotz": []}, ["unknown key 'slotz'", "did you mean 'slots'?"]),
        ({"slots": []}, ["$.slots"]),
        ({"base": "none.json"}, ["none.json does not exist"]),
        ({"base": "idec_tabel"}, ["did you mean 'idec_table'?"]),
        ({"slots": SLOTS * 2}, ["two slots are called 'weight'"]),
        ({"slots": [{"name": "a"}]}, ["a slot with a name only", '"removable"']),
        ({"slots": [{**SLOTS[0], "removable": "phases[a]"}]}, ["path, removable, values"]),
        ({"slots": [{"name": "a", "removable": "phases[a].order"}]}, ["not an entry of a list"]),
        ({"slots": [{**SLOTS[0], "path": "phases[pretraining]"}]}, ["an entry of a list, not a"]),
        ({"slots": [{**SLOTS[0], "path": "phases[0].order"}]}, ["has the number of an item"]),
        ({"slots": [{**SLOTS[0], "path": "]["}]}, ["is not a JSON path"]),
        ({"search": {"type": "random"}}, ["$.search", "number"]),
        ({"search": {"type": "successive_halving"}}, ["$.search", "rungs"]),
        (
            {"search": {"type": "successive_halving", "rungs": [RUNG, RUNG]}},
            ["$.search.rungs[1].iterations", "$.search.rungs[1].keep"],
        ),
        ({"confirmation": {"seeds": [0, 1]}}, ["the search has seen the seeds 0"]),
        (
            {"confirmation": {"seeds": [1], "options": {"x": {"name": "y"}}}},
            ["$.confirmation.options.x.name", "an option cannot change 'name'"],
        ),
        ({"name": "../parts"}, ["$.name"]),
        ({"slots": [{**SLOTS[0], "values": [1, "1"]}]}, ["two values are written in the same way"]),
        (
            {"slots": [{"name": "a", "options": {"x": {}, "y": {"seed": 3}}}]},
            ["an option cannot change 'seed'"],
        ),
    ],
)
def test_problems_are_named_with_their_places(write, changes, words):
    message = refusal(write(**changes))

    assert all(word in message for word in words), message
    assert "space.json:1:" in message


def test_a_file_that_is_not_json_is_refused(tmp_path):
    file = tmp_path / "space.json"
    file.write_text("{")

    assert "space.json:1:2" in refusal(file)


def test_the_base_may_be_a_shipped_method(write):
    assert read(write(base="idec_table")).base.name == "idec_table.json"


@pytest.mark.parametrize(
    "path", [f"{RECONSTRUCTION}.loss_weight", f"{RECONSTRUCTION}.loss_weight.start"]
)
def test_two_slots_do_not_set_one_value(write, path):
    other = {"name": "other", "path": path, "values": [2, 3]}

    message = refusal(write(slots=[*SLOTS, other]))

    assert "$.slots[1].path: the slot 'weight' sets the same value, or one within it" in message


@pytest.mark.parametrize(
    ("key", "remedy"), [("seed", "write the seeds in seeds"), ("device", "give the flag --device")]
)
def test_keys_of_the_search_are_no_slots(write, key, remedy):
    message = refusal(write(slots=[{"name": "slot", "path": key, "values": [1, 2]}]))

    assert f"a slot cannot change '{key}'" in message
    assert remedy in message


def test_whole_numbers_may_have_a_point(write):
    rungs = [{"iterations": 3.0, "keep": 1.0}]
    read_whole = read(
        write(seeds=[0.0, 1.0], search={"type": "successive_halving", "rungs": rungs})
    )

    assert [type(seed) for seed in read_whole.seeds] == [int, int]
    assert type(read_whole.rungs[0].keep) is int
