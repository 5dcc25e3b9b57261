"""What is confirmed is compared with the right combination, over settings, data sets and seeds."""

import pytest

from dcrf.recombination.confirmation import FIRST, confirmed_of
from dcrf.recombination.results import CandidateResult

SEEDS = range(3)


def results(setting_scores, choice):
    """Setting -> the result of a combination with a score for each seed."""
    return {
        setting: CandidateResult(
            choice, {"acc": {("digits", seed): scores[seed] for seed in SEEDS}}
        )
        for setting, scores in setting_scores.items()
    }


def scores(start, step=0.01):
    return {
        "a": [start + step * seed for seed in SEEDS],
        "b": [start - step * seed for seed in SEEDS],
    }


def test_best_ones_are_compared_with_the_first_and_left_out_entries_with_the_best():
    choices = {FIRST: {"x": "with"}, "best by ACC": {"x": "with", "y": "2"}, "without x": {}}
    by_name = {
        name: results(scores(start), None)
        for name, start in zip(choices, (0.5, 0.8, 0.7), strict=True)
    }

    first, best, without = confirmed_of(by_name, choices, {"without x"})

    assert first.compared is None
    assert best.compared.test.difference == pytest.approx(0.3)
    assert without.compared.test.difference == pytest.approx(-0.1)
    assert [best.compared.p, without.compared.p] == [None, None]  # 2 * 2 / 2^6 is above the level
    assert best.compared.pairs_needed == 7


def test_scores_without_a_partner_and_equal_combinations_have_no_test():
    choice = {"x": "with"}
    half = {"a": [0.5, 0.6, 0.7]}
    by_name = {FIRST: results(half, None), "best by ACC": results({"b": half["a"]}, None)}

    others = {FIRST: choice, "best by ACC": {"x": "without"}}
    _, other_setting = confirmed_of(by_name, others, set())
    same = {**by_name, "best by ACC": results(half, None)}
    _, itself = confirmed_of(same, dict.fromkeys(by_name, choice), set())

    assert other_setting.compared is None
    assert itself.compared is None


def test_an_ablation_that_is_the_first_combination_is_compared_with_the_best():
    choices = {FIRST: {"x": "1"}, "best by ACC": {"x": "2"}, "x: 1": {"x": "1"}}
    by_name = {
        name: results(scores(start), None)
        for name, start in zip(choices, (0.5, 0.8, 0.5), strict=True)
    }

    *_, ablation = confirmed_of(by_name, choices, {"x: 1"})

    assert ablation.compared.test.difference == pytest.approx(-0.3)
