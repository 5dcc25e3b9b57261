"""Effects are mean differences of pairs that differ in nothing else."""

from itertools import product

import pytest

from dcrf.recombination.candidates import Candidate
from dcrf.recombination.effects import against_reference, interactions, main_effects
from dcrf.recombination.results import CandidateResult
from dcrf.recombination.space import Slot

SLOTS = [Slot("a", {"0": {}, "1": {}}), Slot("b", {"0": {}, "1": {}, "2": {}})]


def result(a, b, accs):
    """A combination with scores for seeds 0, 1 and so on; None is a missing run."""
    scores = {("digits", seed): acc for seed, acc in enumerate(accs) if acc is not None}
    return CandidateResult(Candidate({"a": a, "b": b}, f"m{a}{b}", {}, None), {"acc": scores})


def additive(interaction=0.0, seeds=3):
    """Scores 0.5 + 0.1 a + 0.02 b, and more if both are 1; a seed adds 0.001."""
    return [
        result(
            a,
            b,
            [
                0.5 + 0.1 * int(a) + 0.02 * int(b) + interaction * (a == b == "1") + 0.001 * seed
                for seed in range(seeds)
            ],
        )
        for a, b in product("01", "012")
    ]


def test_an_effect_is_the_mean_over_contexts_and_seeds():
    effects = {tuple(e.options.items()): e for e in main_effects(SLOTS, additive(), "acc")}

    assert effects[("a", "1"),].change == pytest.approx(0.1)
    assert effects[("a", "1"),].pairs == 9
    assert effects[("b", "1"),].change == pytest.approx(0.02)
    assert effects[("b", "2"),].change == pytest.approx(0.04)
    assert effects[("b", "2"),].pairs == 6


def test_p_values_are_corrected_for_the_number_of_effects():
    """Nine equal signs: 2 / 2^9, times 3 by Holm. Six: 2 / 2^6, times 2, never below the level."""
    effects = main_effects(SLOTS, additive(), "acc")

    assert effects[0].p == pytest.approx(3 * 2 / 2**9)
    assert effects[0].verdict == "better"
    assert [e.p for e in effects[1:]] == [e.verdict for e in effects[1:]] == [None, None]
    assert effects[0].pairs_needed == 7
    assert [e.p for e in main_effects(SLOTS, additive(seeds=1), "acc")] == [None] * 3


def test_an_interaction_is_the_change_of_a_change():
    flat = {tuple(e.options.values()): e.change for e in interactions(SLOTS, additive(), "acc")}
    both = {tuple(e.options.values()): e for e in interactions(SLOTS, additive(0.3), "acc")}

    assert flat == pytest.approx({("1", "1"): 0.0, ("1", "2"): 0.0})
    assert both["1", "1"].change == pytest.approx(0.3)
    assert both["1", "1"].pairs == 3
    assert both["1", "2"].change == pytest.approx(0.0)


def test_only_runs_with_a_partner_count():
    results = [result("0", "0", [0.5, 0.6]), result("1", "0", [None, 0.8]), result("1", "1", [0.9])]

    (effect,) = main_effects(SLOTS[:1], [results[0], results[1]], "acc")

    assert (effect.change, effect.pairs) == (pytest.approx(0.2), 1)
    assert not interactions(SLOTS, results, "acc")


def test_combinations_are_compared_with_the_first():
    effects = against_reference(additive(), "acc")

    assert effects.keys() == {"m01", "m02", "m10", "m11", "m12"}
    assert effects["m12"].change == pytest.approx(0.14)
    assert effects["m12"].pairs == 3
