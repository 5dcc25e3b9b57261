"""The contract of design patterns, checked for every entry."""

import inspect
import io
import re

import pytest
import torch
from jsonschema import Draft7Validator, Draft202012Validator

from dcrf.batch import Clock
from dcrf.schema.registry import DESIGN_PATTERNS
from tests.cases.tiny import (
    CASES,
    ENTRIES,
    INJECTED,
    N_SAMPLES,
    VARIANTS,
    World,
    arguments,
    changed,
)
from tests.cases.validity import errors

properties = DESIGN_PATTERNS.properties
every_stem = pytest.mark.parametrize("stem", DESIGN_PATTERNS.schemas)
every_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())

EXCEPTIONS = {
    "adversarial_interpolation": {
        "order": "codes are mixed with those at the other end of the batch"
    },
    "layer_wise_pretraining": {"order": "dropout is drawn by place in the batch"},
    "mixture_variational_bound": {"order": "codes are drawn by place in the batch"},
    "variational_bound": {"order": "codes are drawn by place in the batch"},
}
"""Stem -> check -> why the pattern need not pass it."""

MOVING_TARGETS = {
    "target_distribution": {"target_scope": "batch"},
    "centroid_construction": {"update_interval": 1},
}
"""Stem -> options with which every step moves the targets, so that the loss may rise."""


def test_no_pattern_is_forgotten():
    assert CASES
    assert CASES.keys() == DESIGN_PATTERNS.schemas.keys()
    assert VARIANTS.keys() <= CASES.keys()
    assert EXCEPTIONS.keys() | MOVING_TARGETS.keys() <= CASES.keys()


@every_entry
@pytest.mark.parametrize("n", [2, 7])
def test_losses_are_named_finite_scalars(entry, n):
    world = World(entry)
    losses = world.losses(torch.arange(n))

    assert tuple(losses) == world.pattern.loss_names
    assert all(loss.ndim == 0 and loss.isfinite() for loss in losses.values())


@every_entry
def test_every_loss_trains_the_parts_that_the_entry_names_and_no_others(entry):
    names = World(entry).pattern.loss_names
    for name in names:
        world = World(entry)
        world.losses(torch.arange(7))[name].backward()
        gradients = {
            part: [p.grad for p in module.parameters() if p.grad is not None]
            for part, module in world.model.items()
        }
        reached = {part for part, grads in gradients.items() if grads}

        assert reached
        assert reached <= world.trained_names()
        assert all(g.isfinite().all() for grads in gradients.values() for g in grads)
        assert any(g.any() for grads in gradients.values() for g in grads)


@every_entry
def test_twenty_plain_steps_reduce_every_loss(entry):
    moving = MOVING_TARGETS.get(World(entry).stem)
    if moving and moving.items() <= entry.items():
        pytest.skip("every step moves the targets")
    for name in World(entry).pattern.loss_names:
        world = World(entry)
        optimizer = torch.optim.SGD(world.model.parameters(), lr=0.01)
        values = []
        for _ in range(21):
            world.generator.manual_seed(0)
            loss = world.losses(torch.arange(12))[name]
            values.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        assert values[-1] < values[0]


@every_entry
def test_the_order_of_samples_does_not_matter(entry):
    if "order" in EXCEPTIONS.get(World(entry).stem, {}):
        pytest.skip(EXCEPTIONS[World(entry).stem]["order"])
    order = torch.arange(8)

    torch.testing.assert_close(World(entry).losses(order), World(entry).losses(order.flip(0)))


@every_entry
def test_the_numbers_of_clusters_do_not_matter(entry):
    if "x-strategies" in DESIGN_PATTERNS.schemas[World(entry).stem]:
        pytest.skip("its strategy numbers the clusters, and has a test of its own")
    world, renumbered = World(entry), World(entry)
    renumbered.permute_clusters(torch.tensor([2, 0, 1]))
    order = torch.arange(8)

    torch.testing.assert_close(world.losses(order), renumbered.losses(order))


@every_entry
def test_samples_and_views_are_not_modified(entry):
    world = World(entry)
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    batch = world.batch(torch.arange(6))
    seen = {**batch.views, "": batch.samples}
    if batch.companions is not None:
        seen["companions"] = batch.companions
    before = {name: view.clone() for name, view in seen.items()}
    differentiate(world.pattern(batch))
    with torch.no_grad():
        world.pattern.after_step(Clock(1, 1), batch)

    assert all(torch.equal(before[name], view) for name, view in seen.items())


@every_entry
def test_after_a_step_only_the_parts_that_the_schema_names_have_changed(entry):
    world = World(entry)
    before = {name: value.clone() for name, value in world.model.state_dict().items()}
    world.act(torch.arange(9))
    after = world.model.state_dict()
    changed_parts = {
        name.split(".")[0] for name in before if not torch.equal(before[name], after[name])
    }

    assert changed_parts == world.updated_names
    assert all(value.isfinite().all() for value in after.values())
    assert all(module.training for module in world.model.modules())


@every_entry
def test_the_order_of_samples_does_not_matter_to_a_step(entry):
    world, other = World(entry), World(entry)
    world.act(torch.arange(8))
    other.act(torch.arange(8).flip(0))

    for name, value in world.model.state_dict().items():
        torch.testing.assert_close(value, other.model.state_dict()[name])


@every_entry
def test_companions_are_samples_of_the_data_set(entry):
    world, indices = World(entry), torch.tensor([7, 3, 20, 3])
    world.pattern.before_iteration(Clock(1, 1), world.data_pass)
    companions = world.pattern.companions(indices)
    if companions is None:
        assert "companions" not in view_roles(world.stem)
        return

    assert companions.dtype == torch.int64
    assert companions.shape[0] == len(indices)
    assert companions.shape[1] >= 1
    assert 0 <= companions.min() <= companions.max() < N_SAMPLES
    assert world.batch(indices).companions.shape[2:] == world.data.samples.shape[1:]


@every_entry
def test_losses_in_double_precision_agree(entry):
    exact = World(entry, torch.float64).losses(torch.arange(9))
    losses = World(entry).losses(torch.arange(9))

    assert all(loss.dtype == torch.float64 for loss in exact.values())
    for name, loss in losses.items():
        assert loss.item() == pytest.approx(exact[name].item(), rel=1e-4, abs=1e-6)


@every_entry
def test_the_same_seed_gives_the_same_losses(entry):
    first, second = World(entry), World(entry)
    for iteration in (1, 2):
        values = first.losses(torch.arange(9), iteration)

        assert values == second.losses(torch.arange(9), iteration)


@every_entry
def test_a_restored_pattern_continues_identically(entry):
    world, other = World(entry), World(entry, seed=1)
    optimizer = torch.optim.SGD(world.model.parameters(), lr=0.1)
    differentiate(world.act(torch.arange(9)))
    optimizer.step()
    state = saved([world.model.state_dict(), world.pattern.state_dict()])
    other.model.load_state_dict(state[0])
    other.pattern.load_state_dict(state[1])
    other.generator.set_state(world.generator.get_state())

    torch.testing.assert_close(
        other.act(torch.arange(9), 2), world.act(torch.arange(9), 2), rtol=0, atol=0
    )
    for name, value in world.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[name])


@every_stem
def test_schema_and_constructor_have_the_same_arguments(stem):
    parameters = inspect.signature(DESIGN_PATTERNS.resolve(stem)).parameters
    references = {key for key in arguments(stem) if "x-refers-to" in properties(stem)[key]}
    names = {key.removesuffix("_name") if key in references else key for key in arguments(stem)}

    assert names == parameters.keys() - INJECTED
    assert {p.kind for p in parameters.values()} <= {inspect.Parameter.KEYWORD_ONLY}


@every_stem
def test_the_docstring_tells_losses_shapes_and_source(stem):
    text = inspect.getdoc(DESIGN_PATTERNS.resolve(stem))
    parameters = inspect.signature(DESIGN_PATTERNS.resolve(stem)).parameters
    losses = {n for e in entries_of(stem) for n in World(e).pattern.loss_names}

    assert all(f"\n{section}:" in text for section in ("Losses", "Shapes", "Args", "Source"))
    assert all(f"\n    {loss}: " in text for loss in losses)
    assert all(re.search(rf"^    (\w+, )*{name}\b.*:", text, re.MULTILINE) for name in parameters)


@every_stem
def test_weights_groups_and_views_name_losses_and_roles(stem):
    losses = {n for e in entries_of(stem) for n in World(e).pattern.loss_names} | {"*"}
    known = properties(stem).values()

    assert {p["x-weight-of"] for p in known if "x-weight-of" in p} <= losses
    assert {p["x-group-of"] for p in known if "x-group-of" in p} <= losses
    assert view_roles(stem) - {"companions"} in (set(), {"samples"}, {"first", "second"})


@every_stem
def test_a_pattern_has_losses_or_acts_and_the_keys_that_go_with_it(stem):
    """A pattern without losses needs no weights, groups and reports."""
    has_losses = any(World(entry).pattern.loss_names for entry in entries_of(stem))
    keys = properties(stem)

    assert has_losses or DESIGN_PATTERNS.schemas[stem].get("x-updates")
    assert ("loss_report_interval" in keys) == has_losses
    for mark in ("x-weight-of", "x-group-of"):
        assert any(mark in value for value in keys.values()) == has_losses


@every_stem
def test_some_entry_uses_every_option_and_every_choice(stem):
    filled = [World(entry).entry for entry in entries_of(stem)]
    for key in arguments(stem):
        used = {str(entry[key]) for entry in filled if key in entry}

        assert used
        assert used >= set(properties(stem)[key].get("enum", ()))


@every_stem
def test_phrases_and_short_name_build_the_same_pattern(stem):
    value = World(CASES[stem]).losses(torch.arange(5))
    for phrase in properties(stem)["pattern"]["enum"]:
        assert World({**CASES[stem], "pattern": phrase}).losses(torch.arange(5)) == value


def differentiate(losses):
    if losses:
        sum(losses.values()).backward()


def view_roles(stem):
    return {p["x-view-role"] for p in properties(stem).values() if "x-view-role" in p}


def entries_of(stem):
    return [entry for entry in ENTRIES.values() if DESIGN_PATTERNS.stems[entry["pattern"]] == stem]


def saved(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@every_entry
@pytest.mark.parametrize("draft", [Draft7Validator, Draft202012Validator])
def test_every_entry_is_valid_in_both_drafts(entry, draft):
    assert errors(entry, draft) == []


@every_stem
@pytest.mark.parametrize("draft", [Draft7Validator, Draft202012Validator])
def test_a_broken_rule_of_a_key_is_an_error_at_that_key_alone(stem, draft):
    for key in properties(stem).keys() - {"pattern"}:
        entry = next((e for e in entries_of(stem) if key in e), CASES[stem])
        for value in breaking(properties(stem)[key]):
            assert set(errors({**entry, key: value}, draft)) == {f"$.{key}"}


@every_stem
def test_a_missing_or_unknown_key_is_an_error(stem):
    assert errors({**CASES[stem], "loss_weigth": 1}) == ["$"]
    for key in set(DESIGN_PATTERNS.schemas[stem]["required"]) - {"pattern"}:
        assert "$" in errors(changed(CASES[stem], {key: None}))


def breaking(rules):
    """Yield values that break one rule of a key each."""
    wrong = {"string": 1, "number": "1", "integer": 1.5, "boolean": "true", "array": {}}
    kinds = rules["type"] if isinstance(rules["type"], list) else [rules["type"]]
    yield wrong[kinds[0]]  # no other kind of such a key is a string or a number
    if "enum" in rules:
        yield "no such choice"
    if "minLength" in rules:
        yield ""
    for bound, step in (("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1)):
        if bound in rules:
            yield rules[bound] + step
    if "exclusiveMaximum" in rules:
        yield rules["exclusiveMaximum"]
