"""Seconds of the passes over a whole data set: k-means, target distribution, evaluation."""

from statistics import median

from benchmarks.ours import plans
from benchmarks.speed import FILES, seconds_of
from dcrf.batch import Clock


def passes(repeats: int) -> dict[str, float]:
    """Return the median seconds of each pass of `dec_cc_hybrid_mnist`, 60,000 images."""
    dataset, plan = plans(FILES["dec_cc_hybrid_mnist"], "finetuning")
    source, method = dataset.open(), dataset.make_method()
    data_pass, evaluator = method.pass_over(source), dataset.make_evaluator(method, source)
    initialization = {
        "k-means initialization, 20 restarts": seconds_of(lambda: plan.prepare(method, data_pass))
    }
    phase = plan.make(method, data_pass, evaluator)
    target = phase.patterns["target_distribution"].pattern

    def recalculate() -> None:
        target.before_iteration(Clock(1, 140), data_pass)

    actions = {
        "target distribution": recalculate,
        "evaluation": lambda: evaluator.evaluate(data_pass),
    }
    return initialization | {
        name: median(seconds_of(action) for _ in range(repeats)) for name, action in actions.items()
    }
