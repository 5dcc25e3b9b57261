from hypothesis import given
from hypothesis import strategies as st

from dcrf.config.json_paths import child, locate, moved, parent
from dcrf.errors import Problem


def test_paths_grow_by_keys_and_items():
    assert child("$", "phases") == "$.phases"
    assert child("$.phases", 0) == "$.phases[0]"
    assert child("$", "it's a\\b") == "$['it\\'s a\\\\b']"


@given(st.lists(st.integers(0, 99) | st.text(max_size=5), max_size=4), st.text(max_size=5))
def test_the_parent_of_a_child_is_where_it_started(keys, last):
    path = "$"
    for key in keys:
        path = child(path, key)

    assert parent(child(path, last)) == path


def test_only_paths_inside_are_moved():
    assert moved("$.a.b[1]", "$.a", "$.c") == "$.c.b[1]"
    assert moved("$.ab", "$.a", "$.c") == "$.ab"


def test_problems_are_placed_at_the_nearest_thing_in_the_file_and_sorted():
    places = {"$": (1, 1), "$.a": (5, 2), "$.b": (3, 4)}
    late, early = Problem("$.a.missing.key", "x"), Problem("$.b", "y")

    found = locate([late, early, late], places)

    assert [(p.path, p.line, p.column) for p in found] == [
        ("$.b", 3, 4),
        ("$.a.missing.key", 5, 2),
    ]


def test_what_is_no_path_in_the_file_has_no_place():
    (found,) = locate([Problem("--set x=1", "z")], {"$": (1, 1)})

    assert found.line == 0


def test_a_path_in_another_file_is_placed_at_the_top():
    problem = Problem("$.phases[1] of /tmp/b.json", "x")

    assert locate([problem], {"$": (1, 1)})[0].line == 1
