"""Small trainings of every design pattern, strategy and kind of layer, in float64."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import torch
from torch import Tensor, nn

from dcrf.batch import Clock, with_presence
from dcrf.mappings.build_layers import build_layer
from dcrf.mappings.forward_cache import CachedModule, cached_forwards
from dcrf.mappings.layers.each_object import EachObject
from dcrf.mappings.layers.recurrent import Recurrent
from dcrf.mappings.layers.reparameterize import Reparameterize
from dcrf.mappings.layers.set_attention import SetAttention
from dcrf.mappings.mapping import TrainableMapping
from dcrf.parallel.world import averaged, current
from dcrf.randomness import global_seed
from tests.cases.own_layers import CASES as OWN_LAYERS
from tests.cases.own_layers import build_case
from tests.cases.tiny import CASES, ENTRIES, World
from tests.contract.test_layers import NOT_RUN, SAMPLES, entry_of, samples_for
from tests.contract.test_strategies import OPTIONS, world

Results = dict[str, Tensor]
ITERATIONS, BATCH = 2, 9  # rows, which two processes cannot halve
STRATEGIES = {
    f"{stem}-{number}": (stem, options)
    for stem, variants in OPTIONS.items()
    for number, options in enumerate(variants, 1)
}


def pattern(entry: str) -> Results:
    """Train with a pattern; return losses, gradients and all parameters and buffers at the end."""
    world = World(ENTRIES[entry], torch.float64)
    optimizer = torch.optim.SGD(world.model.parameters(), lr=0.05)
    results: Results = {}
    modules = [*world.model.modules(), *world.pattern.modules()]
    cached = [module for module in modules if isinstance(module, CachedModule)]
    for iteration in range(1, ITERATIONS + 1):
        clock = Clock(epoch=iteration, iteration=iteration, epoch_ends=True)
        world.pattern.before_iteration(clock, world.data_pass)
        batch = world.batch((torch.arange(BATCH) * iteration) % 21)
        with cached_forwards(cached):
            losses = world.pattern(batch)
        gradients = _gradients(losses, world.model)
        optimizer.step()
        with torch.no_grad():
            world.pattern.after_step(clock, batch)
            world.pattern.after_epoch(clock, world.data_pass)
        results |= {f"{iteration} loss {name}": loss.detach() for name, loss in losses.items()}
        results |= {f"{iteration} gradient {name}": g for name, g in gradients.items()}
    return results | {f"final {name}": v for name, v in _tensors(world.model).items()}


def _gradients(losses: Results, model: nn.Module) -> Results:
    """Set the gradients of the sum of losses, and return them."""
    total = sum(loss for loss in losses.values() if loss.requires_grad)
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    for parameter in named.values():
        parameter.grad = None
    if not isinstance(total, Tensor):
        return {}
    values = torch.autograd.grad(total, list(named.values()), allow_unused=True)
    reached = {n: v for n, v in zip(named, values, strict=True) if v is not None}
    means = dict(zip(reached, averaged(reached.values()), strict=True))
    for name, mean in means.items():
        named[name].grad = mean
    return means


def _tensors(model: nn.Module) -> Results:
    return {n: v.clone() for n, v in model.state_dict().items() if isinstance(v, Tensor)}


def strategy(name: str) -> Results:
    """Train an encoder by assignments; return them, gradients and all tensors at the end."""
    built = world(*STRATEGIES[name], torch.float64)
    built.model.train()
    optimizer = torch.optim.SGD(built.model.parameters(), lr=0.05)
    results: Results = {}
    for iteration in range(1, ITERATIONS + 1):
        samples = built.samples[(torch.arange(BATCH) * iteration) % len(built.samples)]
        log_assignments = built.strategy(samples)
        rows = log_assignments.clamp_min(-10).flatten(0, -2)  # hard ones have -inf
        weights = torch.linspace(-1, 1, rows.numel(), dtype=rows.dtype).view_as(rows)
        gradients = _gradients({"": (weights * rows).sum()}, built.model)
        optimizer.step()
        built.strategy.after_iteration(Clock(1, iteration), built.data_pass)
        results |= {f"{iteration} assignments": rows.detach()}
        results |= {f"{iteration} gradient {n}": g for n, g in gradients.items()}
    return results | {f"final {name}": v for name, v in _tensors(built.model).items()}


class Scale(nn.Module):
    """A layer with a parameter, since only networks with parameters are shared."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.7, dtype=torch.float64))

    def forward(self, values: Tensor) -> Tensor:
        return self.factor * values


def _of_torch(name: str) -> tuple[TrainableMapping, Tensor]:
    net, samples = [Scale(), build_layer(entry_of(name))], samples_for(name)
    if not samples.is_floating_point():
        net.reverse()
    return TrainableMapping(net), samples


def _of_dcrf(stem: str) -> tuple[TrainableMapping, Tensor]:
    mapping = TrainableMapping([Scale(), *build_case(stem).net])
    return mapping, torch.randn(5, *OWN_LAYERS[stem]["sample_shape"])


def _sets(*layers: nn.Module) -> tuple[TrainableMapping, Tensor]:
    """Return a mapping on sets, of which some objects are absent."""
    is_present = torch.arange(4) < torch.tensor([4, 1, 3, 2, 4])[:, None]
    sets = torch.randn(5, 4, 6, dtype=torch.float64)
    return TrainableMapping([Scale(), *layers]), with_presence(sets, is_present)


def _more(name: str) -> tuple[TrainableMapping, Tensor]:
    linear, norm = nn.Linear(6, 6), nn.BatchNorm1d(6)
    rows = torch.randn(5, 6)
    prior = TrainableMapping([nn.Linear(6, 6), nn.BatchNorm1d(6)])
    steps = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0)
    return {
        "fewer rows than processes": lambda: (TrainableMapping([linear, nn.Tanh()]), rows[:1]),
        "a prior mapping": lambda: (TrainableMapping([norm, nn.Tanh(), linear], prior=prior), rows),
        "functions": lambda: (
            TrainableMapping([linear], before=[nn.BatchNorm1d(6)], after=[nn.Dropout(), _by_rows]),
            rows,
        ),
        "softmax over rows": lambda: (TrainableMapping([linear, nn.Softmax(dim=0)]), rows),
        "rows as steps": lambda: (TrainableMapping([steps]), rows),
        "attention with dropout": lambda: (
            TrainableMapping([SetAttention(embed_dim=6, num_heads=2, dropout=0.5)]),
            torch.randn(5, 4, 6),
        ),
        "recurrence with dropout": lambda: _sets(
            Recurrent(input_size=6, hidden_size=4, num_layers=2, dropout=0.5)
        ),
        "batch norm of objects": lambda: _sets(
            EachObject(layers=[nn.Linear(6, 4), nn.BatchNorm1d(4)])
        ),
        "dropout of objects": lambda: _sets(EachObject(layers=[nn.Dropout(), nn.Linear(6, 4)])),
        "codes of objects": lambda: _sets(EachObject(layers=[Reparameterize()])),
        "cumulative statistics": lambda: (
            TrainableMapping([linear, nn.BatchNorm1d(6, momentum=None)]),
            rows,
        ),
        "statistics of batches only": lambda: (
            TrainableMapping([linear, nn.BatchNorm1d(6, track_running_stats=False, affine=False)]),
            rows,
        ),
        "statistics of instances": lambda: (
            TrainableMapping([Scale(), nn.InstanceNorm1d(6, track_running_stats=True)]),
            torch.randn(5, 6, 4),
        ),
        "a norm of embeddings": lambda: (
            TrainableMapping([nn.Embedding(6, 2, max_norm=0.5), Scale()]),
            torch.randint(6, (5, 3)),
        ),
    }[name]()


MORE = (
    "fewer rows than processes",
    "a prior mapping",
    "functions",
    "softmax over rows",
    "rows as steps",
    "attention with dropout",
    "recurrence with dropout",
    "batch norm of objects",
    "dropout of objects",
    "codes of objects",
    "cumulative statistics",
    "statistics of batches only",
    "statistics of instances",
    "a norm of embeddings",
)
LAYERS = {
    **{name: _of_torch for name in SAMPLES if name not in NOT_RUN},
    **dict.fromkeys(OWN_LAYERS, _of_dcrf),
    **dict.fromkeys(MORE, _more),
}
"""Layer, or what is special -> function that builds a mapping, and samples for it."""


def _by_rows(values: Tensor) -> Tensor:
    return values - values.mean(0)


def layer(name: str) -> Results:
    """Run a mapping in training and in evaluation; return outputs, first and second gradients."""
    with global_seed(0):
        mapping, samples = LAYERS[name](name)
        for part in mapping.chain():
            part.double()
        if samples.is_floating_point():
            is_present = samples
            samples = samples.double().requires_grad_()
            for key, value in vars(is_present).items():
                setattr(samples, key, value)
        outputs = mapping(samples)
        weights = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
        parts = _trained(mapping)
        wanted = [*parts.values(), *([samples] if samples.requires_grad else [])]
        twice = name != "CrossMapLRN2d"  # whose gradient torch cannot differentiate
        first = torch.autograd.grad((weights * outputs).sum(), wanted, create_graph=twice)
        second: Sequence[Tensor | None] = (None,) * len(parts)
        if samples.requires_grad and first[-1].requires_grad:
            with suppress(RuntimeError):  # torch differentiates some layers only once
                penalty = first[-1].square().sum()
                second = torch.autograd.grad(penalty, list(parts.values()), allow_unused=True)
        results = {"outputs": outputs.detach(), "state": torch.get_rng_state()}
        for part in mapping.chain():
            part.eval()
        results["evaluated"] = mapping(samples).detach()
    averages = averaged(first[: len(parts)])
    results |= {f"gradient {n}": g.detach() for n, g in zip(parts, averages, strict=True)}
    if samples.requires_grad:
        results["gradient"] = first[-1].detach()
    kept = {n: g for n, g in zip(parts, second, strict=True) if g is not None}
    results |= dict(zip((f"second {n}" for n in kept), averaged(kept.values()), strict=True))
    tensors = [_tensors(part) for part in mapping.chain()]
    return results | {f"{n} {k}": v for n, kept in enumerate(tensors) for k, v in kept.items()}


def _trained(mapping: TrainableMapping) -> dict[str, nn.Parameter]:
    chain = list(mapping.chain())
    named = [dict(part.named_parameters(prefix=str(n))) for n, part in enumerate(chain)]
    return {name: p for names in named for name, p in names.items()}


KINDS = {
    "patterns": (pattern, tuple(ENTRIES)),
    "strategies": (strategy, tuple(STRATEGIES)),
    "layers": (layer, tuple(LAYERS)),
}
"""Kind -> its function, and the names of its cases."""
QUICK = {
    "patterns": tuple(CASES),
    "strategies": tuple(STRATEGIES),
    "layers": tuple(name for name in LAYERS if name != "torchvision_model"),
}
"""Kind -> the names of cases that together take few seconds."""


def results_of(names: Mapping[str, Sequence[str]]) -> dict[str, Results]:
    """Return `<kind>/<case>` -> results; `gathered` in it is the number of gathered bytes."""
    return {f"{kind}/{n}": _counted(KINDS[kind][0], n) for kind in names for n in names[kind]}


def _counted(run: Callable[[str], Results], name: str) -> Results:
    processes = current()
    before = processes.sent["gather"] if processes else 0
    results = run(name)
    gathered = processes.sent["gather"] - before if processes else 0
    return {**results, "gathered": torch.tensor(gathered)}


def deviation(one: Results, other: Results) -> float:
    """Return the largest difference of two results, relative to values above 1."""
    assert one.keys() == other.keys()
    names = one.keys() - {"gathered"}
    return max((_difference(one[name], other[name]) for name in names), default=0.0)


def _difference(one: Tensor, other: Tensor) -> float:
    one, other = one.double(), other.double()
    assert one.shape == other.shape
    if not one.numel():
        return 0.0
    is_equal = one == other  # infinite values, too
    return ((one - other).abs() / one.abs().clamp_min(1)).masked_fill(is_equal, 0).max().item()
