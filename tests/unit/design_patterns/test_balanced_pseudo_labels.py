import torch

from dcrf.functional.balanced_assignments import balanced_log_assignments
from tests.cases.tiny import CASES, World

ENTRY = CASES["balanced_pseudo_labels"]
INDICES = torch.tensor([4, 9, 1, 20, 6])


def assignments_of(world):
    views = (world.data.views[name][INDICES] for name in ("noisy", "shifted"))
    return [world.pattern.assignment(view) for view in views]


def test_each_view_predicts_the_balanced_assignments_of_the_other():
    world = World({**ENTRY, "temperature_parameter": 0.7, "sinkhorn_regularization": 0.3})
    first, second = assignments_of(world)
    q = {"first": first, "second": second}
    q = {name: balanced_log_assignments(values, 0.3, 3).exp() for name, values in q.items()}
    terms = q["second"] * (first / 0.7).log_softmax(1) + q["first"] * (second / 0.7).log_softmax(1)

    torch.testing.assert_close(world.losses(INDICES)["cross_entropy"], -terms.sum() / 5)
