"""The table of all runs, and the content of summary.json."""

import json
import re

from dcrf.errors import Problem
from dcrf.reporting.records import DatasetRecord, Outcome, PhaseRecord
from dcrf.reporting.summary import LABEL_NOTE, LOWEST_NOTE, content, summary


def scored(acc, nmi=0.5, ari=0.25, n=200):
    return {"acc": acc, "nmi": nmi, "ari": ari, "n_samples": n, "internal": {}}


def finished(method="dec", seed=0, evaluation=None, **others):
    record = DatasetRecord("digits", evaluation or scored(0.75))
    return Outcome(f"{method}.json", method, seed, "ok", datasets=(record,), seconds=1.5, **others)


def cells(text, row):
    return text.splitlines()[row].split()


def test_a_row_shows_scores_and_time():
    text = summary([finished()])

    assert cells(text, 0) == [
        "method", "data", "set", "seed", "status", "n", "ACC", "NMI", "ARI", "time",
    ]  # fmt: skip
    assert cells(text, 2) == [
        "dec", "digits", "0", "ok", "200", "0.750", "0.500", "0.250", "1.5", "s",
    ]  # fmt: skip
    assert len(text.splitlines()) == 3


def test_every_data_set_has_a_row_and_the_time_stands_in_the_last():
    records = (DatasetRecord("a", scored(0.5)), DatasetRecord("b", scored(0.25)))

    text = summary([Outcome("d.json", "dec", 0, "ok", datasets=records, seconds=61.0)])

    assert [cells(text, row)[1] for row in (2, 3)] == ["a", "b"]
    assert "min" not in text.splitlines()[2]
    assert text.splitlines()[3].endswith("1 min 01 s")


def test_what_failed_and_what_was_not_run_have_no_scores():
    failed = Outcome("dec.json", "dec", 0, "failed", seconds=2.0, error="diverged")

    text = summary([failed, Outcome("idec.json", "idec", 0, "not run")])

    assert cells(text, 2) == ["dec", "0", "failed", "-", "-", "-", "-", "2.0", "s"]
    assert cells(text, 3) == ["idec", "0", "not", "run", "-", "-", "-", "-", "-"]


def test_data_without_labels_have_no_columns_of_scores_against_labels():
    unlabeled = {**scored(None, None, None), "internal": {"silhouette": 0.25}}
    text = summary([finished(evaluation=unlabeled)])

    assert cells(text, 0)[-3:] == ["n", "silhouette", "time"]
    assert cells(text, 2)[4:6] == ["200", "0.250"]


def test_a_data_set_without_labels_has_a_size_and_no_scores():
    text = summary([finished(evaluation=scored(None, None, None, 60))])

    assert cells(text, 2)[4:8] == ["60", "-", "-", "-"]


def test_a_data_set_without_final_evaluation_has_neither():
    record = DatasetRecord("digits", None, "no centroids yet")

    text = summary([Outcome("d.json", "dec", 0, "ok", datasets=(record,), seconds=1.0)])

    assert cells(text, 2)[4:8] == ["-", "-", "-", "-"]


def test_a_result_that_labels_decided_is_marked_and_explained():
    text = summary([finished(label_informed=True), finished("idec")])

    assert cells(text, 2)[0] == "dec*"
    assert cells(text, 3)[0] == "idec"
    assert text.endswith(f"\n\n{LABEL_NOTE}")
    assert LABEL_NOTE not in summary([finished()])


def test_several_seeds_have_a_mean_and_a_deviation():
    text = summary([finished(seed=s, evaluation=scored(acc)) for s, acc in ((1, 0.5), (2, 0.7))])

    _, spread = text.split("\n\n")
    assert cells(spread, 0) == ["method", "data", "set", "seeds", "ACC", "NMI", "ARI"]
    # the sample deviation of 0.5 and 0.7
    assert spread.splitlines()[2].split("  ")[-3:] == [
        "0.600 ± 0.141", "0.500 ± 0.000", "0.250 ± 0.000",
    ]  # fmt: skip


def test_seeds_that_failed_do_not_count():
    text = summary([finished(seed=1), Outcome("dec.json", "dec", 2, "failed")])

    assert cells(text.split("\n\n")[1], 2) == [
        "dec", "digits", "1", "of", "2", "0.750", "0.500", "0.250",
    ]  # fmt: skip


def test_means_without_labels_are_absent():
    unlabeled = scored(None, None, None)

    text = summary([finished(seed=s, evaluation=unlabeled) for s in (1, 2)])

    assert cells(text.split("\n\n")[1], 2) == [
        "dec", "digits", "2", "of", "2", "-", "-", "-",
    ]  # fmt: skip


def test_a_mean_of_fewer_seeds_than_are_done_says_of_how_many():
    found = [{"silhouette": 0.5, "davies_bouldin": 1.0}, {"silhouette": 0.25}, {}]
    outcomes = [
        finished(seed=seed, evaluation={**scored(0.5), "internal": internal})
        for seed, internal in enumerate(found)
    ]
    unfinished = DatasetRecord("digits", None, "no centroids yet")
    outcomes.append(Outcome("dec.json", "dec", 3, "ok", datasets=(unfinished,), seconds=1.0))

    row = summary(outcomes).split("\n\n")[1].splitlines()[2]

    assert re.split("  +", row)[2:] == [
        "4 of 4", "0.500 ± 0.000 (n=3)", "0.500 ± 0.000 (n=3)", "0.250 ± 0.000 (n=3)",
        "0.375 ± 0.177 (n=2)", "1.000 (n=1)",
    ]  # fmt: skip
    means = content(outcomes)["means"][0]["scores"]
    assert {name: score["n"] for name, score in means.items()} == {
        "acc": 3, "nmi": 3, "ari": 3, "silhouette": 2, "davies_bouldin": 1,
    }  # fmt: skip


def test_a_method_that_left_nothing_has_no_means_but_says_so():
    text = summary([Outcome("dec.json", "dec", seed, "crashed") for seed in (1, 2)])

    assert cells(text.split("\n\n")[1], 2) == ["dec", "0", "of", "2", "-", "-", "-"]


def test_a_data_set_before_a_failure_counts_for_its_means():
    records = (DatasetRecord("digits", scored(0.25)),)

    text = summary([finished(seed=1), Outcome("dec.json", "dec", 2, "failed", datasets=records)])

    assert cells(text.split("\n\n")[1], 2)[:7] == ["dec", "digits", "2", "of", "2", "0.500", "±"]


def test_a_file_that_is_invalid_has_no_seed():
    text = summary(
        [finished(), Outcome("no.json", "no", None, "invalid", error="no.json has 1 problem")]
    )

    assert cells(text, 3) == ["no", "-", "invalid", "-", "-", "-", "-", "-"]
    assert text.endswith("\n\nno, invalid: no.json has 1 problem")


def test_the_cause_goes_with_the_status():
    text = summary([Outcome("dec.json", "dec", 3, "crashed", error="died of SIGSEGV")])

    assert text.endswith("\n\ndec, seed 3, crashed: died of SIGSEGV")


def test_the_content_counts_a_failure_as_absent():
    unlabeled = {**scored(None, None, None), "internal": {"silhouette": 0.25}}
    outcomes = [
        finished(seed=1, evaluation=scored(0.5)),
        finished(seed=2, evaluation=scored(0.75)),
        Outcome("dec.json", "dec", 3, "diverged", error="nan"),
        finished("idec", evaluation=unlabeled),
    ]

    found = json.loads(json.dumps(content(outcomes)))

    assert found["counts"] == {"ok": 3, "diverged": 1}
    runs = [(r["method"], r["seed"], r["status"], r["error"]) for r in found["runs"]]
    assert runs == [
        ("dec", 1, "ok", None),
        ("dec", 2, "ok", None),
        ("dec", 3, "diverged", "nan"),
        ("idec", 0, "ok", None),
    ]
    assert found["runs"][2]["datasets"] == []
    (means,) = found["means"]
    assert (means["method"], means["dataset"]) == ("dec", "digits")
    assert (means["seeds"], means["asked"]) == ([1, 2], 3)
    # mean and sample deviation of 0.5 and 0.75
    acc = means["scores"]["acc"]
    assert (acc["n"], acc["mean"], round(acc["deviation"], 6)) == (2, 0.625, 0.176777)
    assert means["scores"]["silhouette"] == {"n": 0, "mean": None, "deviation": None}


def test_methods_with_one_seed_each_have_no_means():
    assert "\n\n" not in summary([finished("dec", seed=1), finished("idec", seed=2)])


def test_the_same_seed_twice_is_no_second_seed():
    assert "\n\n" not in summary([finished(), finished()])


def test_two_files_with_one_name_are_two_methods_in_rows_of_their_own():
    others = {"datasets": (DatasetRecord("digits", scored(0.5)),), "seconds": 1.0}

    text = summary([finished(seed=1), Outcome("other.json", "dec", 2, "ok", **others)])

    assert "\n\n" not in text
    rows = text.splitlines()[2:]
    assert [row.split("  ")[0] for row in rows] == ["dec (dec.json)", "dec (other.json)"]


def test_resumed_runs_of_one_name_are_told_apart_by_their_folders():
    folders = ["2026-01-01T00-00-00-0", "2026-01-02T00-00-00-0"]

    outcomes = [Outcome(f"runs/dec/{f}/config.json", "dec", 0, "failed") for f in folders]

    assert "(" not in summary(outcomes[:1])
    assert [row.split("  ")[0] for row in summary(outcomes).splitlines()[2:]] == [
        f"dec ({folder})" for folder in folders
    ]


def test_overrides_are_marked_and_named():
    flags = ("--set seed=3", "--max_iterations 5")

    text = summary([finished(overrides=flags), finished("idec", overrides=flags), finished("dkm")])

    assert [row.split()[0] for row in text.splitlines()[2:5]] == ["dec+", "idec+", "dkm"]
    assert text.endswith("\n\n+ with --set seed=3, --max_iterations 5")


def test_different_overrides_name_their_methods():
    text = summary(
        [finished(overrides=("--device cpu",)), finished("idec", overrides=("--set a=1",))]
    )

    assert text.endswith("\n\n+ dec with --device cpu\n+ idec with --set a=1")


def test_a_collapsed_data_set_is_marked_with_its_warning():
    warnings = ("9 of 10 clusters are empty", "nearly all samples have the same features")
    records = (DatasetRecord("a", scored(0.1), warnings=warnings), DatasetRecord("b", scored(0.5)))

    text = summary([Outcome("d.json", "dec", 0, "ok", datasets=records, seconds=1.0)])

    assert text.splitlines()[0].split()[-2:] == ["time", "warnings"]
    assert cells(text, 2)[3:5] == ["ok", "!"]
    assert text.splitlines()[2].endswith("  9 of 10 clusters are empty and 1 more")
    assert cells(text, 3)[3] == "ok"
    assert text.splitlines()[3].endswith("1.0 s")


def test_warnings_of_the_file_are_counted():
    warnings = tuple(Problem(f"$.phases[{index}]", "x") for index in range(2))

    row = summary([finished(warnings=warnings)]).splitlines()[2]

    assert "  ok !  " in row
    assert row.endswith("  1.5 s  2 in the file")


def test_data_sets_before_a_failure_keep_their_scores():
    records = (DatasetRecord("a", scored(0.5)),)

    text = summary([Outcome("d.json", "dec", 0, "failed", datasets=records, seconds=2.0)])

    assert cells(text, 2)[:6] == ["dec", "a", "0", "ok", "200", "0.500"]
    assert cells(text, 3) == ["dec", "0", "failed", "-", "-", "-", "-", "2.0", "s"]


def test_the_share_of_noise_stands_beside_the_number_of_samples():
    text = summary([finished(evaluation={**scored(0.75), "noise": 50}), finished("mine")])

    assert cells(text, 2)[4:8] == ["200,", "25.0", "%", "noise"]
    assert cells(text, 3)[4:6] == ["200", "0.750"]


def test_requested_scores_have_columns_beside_the_others_against_labels():
    more = {**scored(0.75), "purity": 0.875, "internal": {"silhouette": 0.25}}

    text = summary([finished(evaluation=more), finished("mine")])

    assert cells(text, 0)[6:] == ["ACC", "NMI", "ARI", "purity", "silhouette", "time"]
    assert cells(text, 2)[5:10] == ["0.750", "0.500", "0.250", "0.875", "0.250"]
    assert cells(text, 3)[8:10] == ["-", "-"]


def test_internal_scores_have_columns_where_there_are_any():
    unlabeled = {**scored(None, None, None), "internal": {"silhouette": 0.25}}

    text = summary([finished(), finished("mine", evaluation=unlabeled)])

    assert cells(text, 0)[6:] == ["ACC", "NMI", "ARI", "silhouette", "time"]
    assert cells(text, 2)[5:9] == ["0.750", "0.500", "0.250", "-"]
    assert cells(text, 3)[5:9] == ["-", "-", "-", "0.250"]


def of_loss(seed, *losses, source="dec"):
    phases = [PhaseRecord("digits", f"p{i}", 9, 1, "", loss=loss) for i, loss in enumerate(losses)]
    return finished(source, seed, phases=tuple(phases))


def seeds(text):
    return [cells(text, row)[2:4] for row in range(2, len(text.split("\n\n")[0].splitlines()))]


def test_the_seed_with_the_lowest_loss_is_marked():
    outcomes = [of_loss(0, 5.0, 2.0), of_loss(1, 9.0, 1.5), of_loss(2, 0.1, 3.0, None)]

    text = summary(outcomes)

    assert seeds(text) == [["0", "ok"], ["1", "<"], ["2", "ok"]]
    assert LOWEST_NOTE in text
    assert content(outcomes)["means"][0]["seed_with_lowest_loss"] == 1


def test_without_losses_of_two_seeds_none_is_marked():
    outcomes = [of_loss(0, 5.0), of_loss(1), of_loss(0, 1.0, source="idec"), finished(seed=3)]

    text = summary(outcomes)

    assert LOWEST_NOTE not in text
    assert {status for _, status in seeds(text)} == {"ok"}
    assert content(outcomes)["means"][0]["seed_with_lowest_loss"] is None


def test_a_narrow_terminal_gets_names_in_lines_of_their_own():
    outcomes = [finished("a_method_with_a_long_name", seed=seed) for seed in (0, 1)]
    wide = summary(outcomes)

    assert summary(outcomes, 200) == wide
    for width in (60, 52):
        lines = summary(outcomes, width).splitlines()
        assert max(map(len, lines)) <= width
        assert lines.count("a_method_with_a_long_name") == 2
        assert "a_method_with_a_long_name  digits  2 of 2" in lines
    assert " n " in summary(outcomes, 60).splitlines()[0]
    assert " n " not in summary(outcomes, 52).splitlines()[0]
