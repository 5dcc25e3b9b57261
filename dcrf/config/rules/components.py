"""Check the entries of components that keys marked `x-component` hold."""

from collections.abc import Iterator

from dcrf.config.json_paths import child
from dcrf.config.rules.suggestions import listed
from dcrf.config.schema_lookup import Node, Nodes
from dcrf.errors import Problem
from dcrf.schema.registry import KINDS, Registry


def problems(nodes: Nodes) -> list[Problem]:
    """Return a problem for every component that does not fit the keys around it."""
    entries = [node for node in nodes.values() if isinstance(node.value, dict)]
    return [problem for node in entries for rule in _RULES for problem in rule(node)]


def _argument_left(node: Node) -> Iterator[Problem]:
    """Report arguments that filling in the defaults could not move into their component."""
    for key, keywords in node.properties.items():
        if key not in node.value or "x-argument-of" not in keywords:
            continue
        owner, argument = keywords["x-argument-of"], keywords["x-argument"]
        entry = node.value.get(owner)
        registry = KINDS[node.properties[owner]["x-component"]]
        name = _name(entry, registry)
        if name is None:
            continue  # the schema reports it
        if argument in entry:
            message, remedy = f"{owner!r} already has the key {argument!r}", "keep one of them"
        else:
            message = f"the {registry.kind} {name!r} has no key {argument!r}"
            remedy = f"remove it, or take another {registry.kind}"
        yield Problem(child(node.path, key), message, remedy)


def _number_found(node: Node) -> Iterator[Problem]:
    """Check that a component that must form `num_clusters` clusters can do so."""
    for key, keywords in node.properties.items():
        if not keywords.get("x-needs-number"):
            continue
        registry = KINDS[keywords["x-component"]]
        name = _name(node.value.get(key), registry)
        if name is not None and _finds_number(registry, registry.stems[name]):
            message = f"{name!r} finds a number of clusters of its own, but num_clusters are needed"
            able = [stem for stem in registry.schemas if not _finds_number(registry, stem)]
            yield Problem(child(node.path, key), message, f"take one of these: {listed(able)}")


def _finds_number(registry: Registry, stem: str) -> bool:
    return bool(registry.schemas[stem].get("x-finds-number"))


def _no_new_samples(node: Node) -> Iterator[Problem]:
    """Check that components which must transform new samples can do so."""
    for key, keywords in node.properties.items():
        if not keywords.get("x-needs-new-samples") or not isinstance(node.value.get(key), list):
            continue
        registry = KINDS[keywords["x-component"]]
        able = [s for s, schema in registry.schemas.items() if not schema.get("x-no-new-samples")]
        for index, entry in enumerate(node.value[key]):
            name = _name(entry, registry)
            if name is not None and registry.stems[name] not in able:
                message = f"{name!r} cannot transform samples that it was not fitted to"
                path = child(child(node.path, key), index)
                yield Problem(path, message, f"take one of these: {listed(able)}")


def _name(entry: object, registry: Registry) -> str | None:
    """Return the name of the component of an entry, None if it is not one of the registry."""
    name = entry.get(registry.key) if isinstance(entry, dict) else None
    return name if isinstance(name, str) and name in registry.stems else None


_RULES = (_argument_left, _number_found, _no_new_samples)
