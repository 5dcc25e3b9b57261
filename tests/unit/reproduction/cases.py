"""Reproductions and results of them for tests."""

from dcrf.reproduction.entries import Reproduction
from dcrf.reproduction.figures import Figure
from dcrf.reproduction.seed_result import OWN, SeedResult

FIGURE = Figure({"acc": 0.9, "nmi": 0.8}, "mean of 10 runs", "a paper", "R", {"acc": 0.01}, 10)
BASELINE = Figure({"acc": 0.7}, "baseline", "a paper", "R", reclustering="codes")


def reproduction(**changes):
    values = {
        "name": "tiny",
        "method": "dec_usps",
        "seeds": 3,
        "evaluated_on": "the test images",
        "figures": (FIGURE, BASELINE),
    }
    return Reproduction(**{**values, **changes})


def result(seed=0, acc=0.9, **changes):
    values = {
        "seed": seed,
        "scores": {OWN: {"acc": acc, "nmi": acc - 0.1, "ari": 0.5}, "codes": {"acc": acc - 0.2}},
        "n_samples": 200,
        "iterations": {"pretraining": 4},
        "hours": 1.5,
        "machine": "a machine",
        "date": "2026-11-30",
        "version": "1.0",
        "curves": {"pretraining": {"acc": [(2, 0.5), (4, acc)]}},
    }
    return SeedResult(**{**values, **changes})
