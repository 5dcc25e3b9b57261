"""Which name is meant, and that no file makes that a long question."""

import pytest

from dcrf.config.rules import suggestions
from dcrf.config.rules.suggestions import closest, listed
from dcrf.safety.limits import (
    PROBLEMS_OF_A_KIND,
    SUGGESTION_CANDIDATES_CHARACTERS,
    SUGGESTION_CHARACTERS,
)
from tests.unit.config.methods import dec, problems


def test_the_name_that_is_most_alike():
    assert closest("decodr", ["encoder", "decoder"]) == "decoder"
    assert closest("ADAM", ["Adam", "AdamW"]) == "Adam"
    assert closest("flatten", ["encoder", "decoder"]) is None
    assert closest("encodr", ["encoder"], cutoff=0.99) is None


def test_what_is_too_long_or_too_much_to_compare_is_not_compared(monkeypatch):
    assert closest("x" * SUGGESTION_CHARACTERS, ["x" * SUGGESTION_CHARACTERS]) is not None
    enough = ["xy" * 10] * (SUGGESTION_CANDIDATES_CHARACTERS // 20)
    assert closest("xy" * 10, enough) is not None

    monkeypatch.setattr(suggestions, "get_close_matches", None)  # whoever calls it fails
    assert closest("x" * (SUGGESTION_CHARACTERS + 1), ["x" * SUGGESTION_CHARACTERS]) is None
    assert closest("xy" * 10, [*enough, "z"]) is None


def test_a_list_has_a_readable_length():
    assert listed([]) == ""
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["x" * 400] * 5) == f"{'x' * 400}, {'x' * 400} and 3 more"
    assert len(listed(map(str, range(100_000)))) < 1100


def many_wrong_references(data):
    names = [f"n{number}" + "x" * 50 for number in range(3000)]
    data["phases"][0]["optimizers"][0]["trained_mapping_names"] = names


def many_unknown_keys(data):
    data |= {f"{'named'[: number % 5]}{number}": 1 for number in range(5000)}


def many_unknown_arguments(data):
    data["mappings"][0]["layers"][1] |= {f"typee{number}": 1 for number in range(5000)}


def many_unknown_classes(data):
    data["mappings"][0]["layers"] = [{"type": f"Linear{number}"} for number in range(3000)]


@pytest.mark.parametrize(
    "change",
    [many_wrong_references, many_unknown_keys, many_unknown_arguments, many_unknown_classes],
)
def test_of_very_many_problems_the_first_are_found(tmp_path, monkeypatch, change):
    data, asked = dec(), []
    change(data)
    compare = suggestions.get_close_matches
    monkeypatch.setattr(
        suggestions,
        "get_close_matches",
        lambda *words, **options: asked.append(1) or compare(*words, **options),
    )

    found = problems(tmp_path, data)

    assert 0 < len(found) <= 3 * PROBLEMS_OF_A_KIND
    assert len(asked) < 100 * PROBLEMS_OF_A_KIND
