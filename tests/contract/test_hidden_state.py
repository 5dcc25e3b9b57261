"""The state of patterns, strategies, optimizers and schedulers is complete."""

import pytest
import torch
from torch import nn

from dcrf.batch import Clock
from dcrf.randomness import GlobalGenerators, global_seed
from dcrf.schedules.constant import Constant
from dcrf.schema.allowed_names import OPTIMIZERS, SCHEDULERS
from dcrf.training.optimizers import GroupedOptimizer, LossRoute, OptimizerGroups
from dcrf.training.phase import PatternUse, Phase, end_epoch, end_iteration
from tests.cases.tiny import ENTRIES, N_SAMPLES, World
from tests.contract.test_strategies import every_strategy, fresh, run_a_phase, saved

EPOCH = 2  # iterations
BEFORE, AFTER = 5, 6  # iterations; the targets of a target distribution change within both

every_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())


def state_of(things):
    return saved({name: thing.state_dict() for name, thing in things.items()})


class Training:
    """A pattern in a phase of its own, with a generator that nobody but it draws from."""

    def __init__(self, entry, seed=0):
        self.world = World(entry, seed=seed)
        names = self.world.pattern.loss_names
        optimizer = torch.optim.Adam(self.world.model.parameters(), lr=0.01)
        routes = {f"p/{name}": LossRoute(Constant(1.0), "g") for name in names}
        groups = OptimizerGroups([GroupedOptimizer(optimizer, "g")], routes)
        self.phase = Phase("p", {"p": PatternUse(self.world.pattern)}, groups, [], [])

    def run(self, iterations):
        """Train in these iterations; return the losses of each."""
        losses_of_each = []
        for iteration in iterations:
            clock = Clock(1, iteration, epoch_ends=iteration % EPOCH == 0)
            indices = torch.arange(iteration, iteration + 9) % N_SAMPLES
            use = self.phase.patterns["p"].pattern
            use.before_iteration(clock, self.world.data_pass)
            batch = self.world.batch(indices)
            losses = {f"p/{n}": v for n, v in use(batch).items()}
            self.phase.optimizers.step(losses, clock)
            end_iteration(self.phase.patterns, clock, {"p": batch})
            if clock.epoch_ends:
                end_epoch(self.phase, clock, self.world.data_pass)
            losses_of_each.append({name: loss.item() for name, loss in losses.items()})
        return losses_of_each

    @property
    def things(self):
        return {"model": self.world.model, "phase": self.phase, "global": GlobalGenerators()}


@every_entry
def test_a_pattern_restored_into_a_new_one_continues_identically(entry):
    kept = {}
    changes = {"target_distribution_recalculation_interval": 3}
    entry = {**entry, **{k: v for k, v in changes.items() if k in entry}}
    with global_seed(0):
        first = Training(entry)
        first.run(range(1, BEFORE + 1))
        kept = state_of(first.things)
        generator = first.world.generator.get_state()
        expected = first.run(range(BEFORE + 1, BEFORE + AFTER + 1))
        expected_model = first.world.model.state_dict()

    with global_seed(1):
        other = Training(entry, seed=1)
        for name, thing in other.things.items():
            thing.load_state_dict(kept[name])
        other.world.generator.set_state(generator)

        assert other.run(range(BEFORE + 1, BEFORE + AFTER + 1)) == expected
        for name, value in other.world.model.state_dict().items():
            assert torch.equal(value, expected_model[name])


@every_strategy
def test_a_strategy_restored_into_a_new_one_continues_identically(stem, options):
    def continue_with(world):
        outputs = []
        for _ in range(4):
            world.strategy.after_iteration(Clock(1, 1), world.data_pass)
            if candidates := world.strategy.candidates():
                scores = {
                    n: {"acc": 0.5 - 0.1 * i, "nmi": 0.2, "ari": 0.0}
                    for i, n in enumerate(candidates)
                }
                world.strategy.record_scores(scores)
            outputs.append((world.strategy(world.samples), world.strategy.inverse_temperature))
        return outputs

    first, other = fresh(stem, options), fresh(stem, options, seed=1)
    first.centroids.set_values(torch.arange(6.0).reshape(3, 2))
    run_a_phase(first)
    other.model.load_state_dict(saved(first.model.state_dict()))

    for (expected, alpha), (restored, same_alpha) in zip(
        continue_with(first), continue_with(other), strict=True
    ):
        assert torch.equal(expected, restored)
        assert alpha == same_alpha


ARGUMENTS = {
    "CosineAnnealingLR": {"T_max": 5},
    "CosineAnnealingWarmRestarts": {"T_0": 3},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "mode": "triangular2"},
    "ExponentialLR": {"gamma": 0.9},
    "MultiStepLR": {"milestones": [2, 7]},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 20},
    "StepLR": {"step_size": 2},
}
NOT_HERE = {"SparseAdam": "it takes sparse gradients alone, and no layer here makes any"}


def group(optimizer, scheduler, seed):
    with global_seed(seed):
        weight = nn.Parameter(torch.randn(4, 3))
    momentum = {"momentum": 0.9} if optimizer == "SGD" else {}
    first = OPTIMIZERS[optimizer]([weight], lr=0.01, **momentum)
    schedulers = [SCHEDULERS[scheduler](first, **ARGUMENTS.get(scheduler, {}))] if scheduler else []
    return weight, OptimizerGroups(
        [GroupedOptimizer(first, "g", iteration_schedulers=schedulers)],
        {"l": LossRoute(Constant(1.0), "g")},
    )


@pytest.mark.parametrize(
    ("optimizer", "scheduler"),
    [*((name, None) for name in OPTIMIZERS), *(("SGD", name) for name in SCHEDULERS)],
)
def test_an_optimizer_restored_into_a_new_one_continues_identically(optimizer, scheduler):
    if optimizer in NOT_HERE:
        pytest.skip(NOT_HERE[optimizer])
    (weight, first), (again, other) = (group(optimizer, scheduler, seed) for seed in (0, 1))

    def step(parameter, groups, iteration):
        target = torch.full((4, 3), float(iteration % 3))
        groups.step({"l": ((parameter - target) ** 2).mean()}, Clock(1, iteration))

    for iteration in range(1, 6):
        step(weight, first, iteration)
    with torch.no_grad():
        again.copy_(weight)
    other.load_state_dict(saved(first.state_dict()))
    for iteration in range(6, 13):
        step(weight, first, iteration)
        step(again, other, iteration)

        assert torch.equal(weight, again)
