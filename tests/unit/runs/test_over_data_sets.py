"""Ranks of methods over data sets, and the reasons for their absence."""

import pytest

from dcrf.reporting.comparison import MethodRuns, can_be_ranked, compare
from dcrf.reporting.records import DatasetRecord, Outcome
from dcrf.runs.over_data_sets import null_hypothesis, ranking


def method(name, accs, **others):
    """A method from data set -> its accuracies, by seed."""
    outcomes = {}
    for seed in sorted({seed for own in accs.values() for seed in own}):
        records = tuple(
            DatasetRecord(data, {"acc": own[seed], "nmi": None, "ari": None, "n_samples": 9})
            for data, own in accs.items()
            if seed in own
        )
        outcomes[seed] = Outcome("f", name, seed, "ok", datasets=records, **others)
    return MethodRuns(name, outcomes)


def methods(n_sets, values=((0.9, 0.0), (0.6, 0.01), (0.1, 0.02))):
    return [
        method(f"m{k}", {f"d{i}": {0: base + step * i} for i in range(n_sets)})
        for k, (base, step) in enumerate(values)
    ]


def test_ranks_and_pairs_over_seven_data_sets():
    first, *_ = ranking(compare(methods(7)))
    pairs = ranking(compare(methods(7)))[1]

    assert first == (
        "ACC, mean ranks over 7 data sets: m0 1.00, m1 2.00, m2 3.00; they differ "
        "(Friedman p = 0.001)"
    )
    assert pairs == (
        "ACC, pairs by Wilcoxon with Holm's correction: m0 better than m1 (+0.270, p = 0.047), "
        "m0 better than m2 (+0.740, p = 0.047), m1 better than m2 (+0.470, p = 0.047)"
    )


def test_pairs_are_refused_below_the_number_that_can_reach_the_level():
    assert "ACC, no verdict on pairs, which needs 7 data sets for 3 methods" in ranking(
        compare(methods(6))
    )


def test_friedman_is_refused_below_five_data_sets():
    expected = (
        "no ranks over data sets: 4 of 4 have scores of all 3 methods with a common seed; "
        "Friedman's test needs 5"
    )

    assert expected in ranking(compare(methods(4)))


def test_values_are_means_over_the_seeds_that_all_methods_have():
    """Seed 1 of the first method only would make it the best."""
    first = method("a", {f"d{i}": {0: 0.1, 1: 1.0} for i in range(5)})
    others = [method(name, {f"d{i}": {0: 0.5} for i in range(5)}) for name in "bc"]

    line = ranking(compare([first, *others]))[0]

    assert "b 1.50, c 1.50, a 3.00" in line


def test_data_sets_without_a_common_seed_do_not_count():
    *_, last = small = methods(5)
    other_seed = method("m2", {f"d{i}": {int(i == 4): 0.5} for i in range(5)})

    assert "4 of 5 have scores" in ranking(compare([*small[:2], other_seed]))[0]
    assert "5 data sets" in ranking(compare([*small[:2], last]))[0]


def test_methods_that_saw_labels_have_no_rank():
    informed = method("x", {f"d{i}": {0: 1.0} for i in range(7)}, label_informed=True)

    assert "x" not in ranking(compare([*methods(7), informed]))[0].split(":")[1]


@pytest.mark.parametrize(
    ("n_methods", "n_sets", "expected"), [(3, 2, True), (2, 9, False), (3, 1, False)]
)
def test_ranks_are_expected_of_three_methods_on_two_data_sets(n_methods, n_sets, expected):
    assert can_be_ranked(compare(methods(n_sets)[:n_methods])) is expected


def test_methods_on_fewer_data_sets_have_no_rank_if_three_are_left():
    partial = method("x", {"d0": {0: 1.0}})

    sentences = ranking(compare([*methods(7), partial]))

    assert "over 7 data sets: m0 1.00, m1 2.00, m2 3.00" in sentences[0]
    assert sentences[-1] == "without a rank, since they ran on fewer data sets: x"
    assert "1 of 7 have scores of all 3" in ranking(compare([*methods(7)[:2], partial]))[0]


def of_baselines(n_sets, ours, theirs):
    """Trained methods with these accuracies less 0.01 per data set, and baselines."""
    names = [*(f"t{i}" for i in range(len(ours))), *(f"b{i}" for i in range(len(theirs)))]
    step = [0.01] * len(ours) + [0.0] * len(theirs)
    rows = [
        method(name, {f"d{i}": {0: acc + s * i} for i in range(n_sets)})
        for name, acc, s in zip(names, [*ours, *theirs], step, strict=True)
    ]
    return null_hypothesis(compare(rows), names[: len(ours)], names[len(ours) :])[0]


def test_the_mean_of_trained_methods_is_compared_with_the_best_baseline():
    """Means of 0.5 + 0.01 i less 0.3 are 0.225 on average over six data sets."""
    assert of_baselines(6, [0.6, 0.4], [0.3, 0.2]) == (
        "ACC, trained methods less the best baseline: +0.225 on average over 6 data sets "
        "(Wilcoxon p = 0.031): the hypothesis that they bring nothing is rejected: they are better"
    )
    assert "is rejected: they are worse" in of_baselines(6, [0.1], [0.5])
    assert "is not rejected" in of_baselines(6, [0.475], [0.5])


def test_the_null_hypothesis_is_refused_below_six_data_sets():
    assert of_baselines(1, [0.6], [0.3]) == (
        "trained methods less the best baseline: ACC +0.300 on average over 1 data set; "
        "no verdict, which needs 6 data sets"
    )
    assert null_hypothesis(compare(methods(6)), ["m0"], []) == []
