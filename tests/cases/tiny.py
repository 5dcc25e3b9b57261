"""A tiny world in which every design pattern can be tried: 21 samples, 3 clusters."""

import inspect
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import Centroids
from dcrf.assignment.class_probabilities import ClassProbabilities
from dcrf.batch import Batch, Clock, DatasetPass, Place, ProblemBatch, SideTargets
from dcrf.builder.components import build_component
from dcrf.mappings.features import Features
from dcrf.mappings.layers.orthonormalize import Orthonormalize
from dcrf.mappings.layers.pool_objects import PoolObjects
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams, global_seed
from dcrf.schema.registry import DESIGN_PATTERNS, STRATEGIES
from dcrf.storage.parameter_files import read_tensor

FOLDER = Path(__file__).parent / "design_patterns"
STRATEGY_CASES = Path(__file__).parent / "cluster_assignment_strategies"
STUDENT_T = "feature_representation_centroid_similarity"
PLACE = Place("data", "training")
N_SAMPLES, N_CLUSTERS, N_OBJECTS = 21, 3, 5
INJECTED = {"assignment", "method_assignment", "centroids", "features", "n_clusters", "generator"}
NOT_ARGUMENTS = {"x-framework", "x-weight-of", "x-group-of", "x-view-role"}


def _read(folder: Path) -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def _located(stem: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with paths that start at the folder of the cases."""
    known = DESIGN_PATTERNS.properties(stem)
    return {k: str(FOLDER / v) if known[k].get("x-path") else v for k, v in entry.items()}


CASES = {stem: _located(stem, entry) for stem, entry in _read(FOLDER).items()}
"""Stem -> the smallest entry that works."""

VARIANTS = _read(FOLDER / "variants")
"""Stem -> changes to the smallest entry; null takes a key away."""


def changed(entry: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**entry, **change}.items() if value is not None}


ENTRIES = CASES | {
    f"{stem}-{number}": changed(CASES[stem], change)
    for stem, changes in VARIANTS.items()
    for number, change in enumerate(changes, start=1)
}
"""Stem, or stem and number -> entry, for all of them."""


def arguments(stem: str) -> set[str]:
    """Return the keys of a schema that are constructor arguments."""
    return {
        key
        for key, value in DESIGN_PATTERNS.properties(stem).items()
        if not NOT_ARGUMENTS & value.keys()
    }


class World:
    """One design pattern, built from its entry, with everything that it may ask for."""

    def __init__(
        self, entry: Mapping[str, Any], dtype: torch.dtype = torch.float32, seed: int = 0
    ) -> None:
        self.stem = DESIGN_PATTERNS.stems[entry["pattern"]]
        self.known = DESIGN_PATTERNS.properties(self.stem)
        defaults = {key: v["default"] for key, v in self.known.items() if "default" in v}
        self.entry = {**defaults, **entry}
        self.generator = Generator().manual_seed(seed)
        with global_seed(seed):
            self.mappings = _mappings()
            self.centroids = Centroids(N_CLUSTERS)
            self.centroids.set_values(self._near_blobs() + 0.3 * torch.randn(N_CLUSTERS, 2))
            self.mappings["log_variance"] = TrainableMapping([nn.Linear(4, 2)])
            self.mappings["spectral_mapping"] = TrainableMapping(
                [nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2), Orthonormalize(num_features=2)]
            )
            self.mappings |= _set_mappings()
        self.features = Features(self.mappings["encoder"])
        self.strategy = self._strategy(seed)
        self.model = nn.ModuleDict({**self.mappings, "centroids": self.centroids}).to(dtype)
        if (owned := self.strategy.owned()) is not None:
            self.model["assignment"] = owned.to(dtype)
        self.data = _problems(dtype) if self._runs_on_problems else _data(dtype)
        self.strategy.before_phase(PLACE, self.data_pass)
        self.pattern = self._pattern()

    def batch(self, indices: Tensor) -> Batch:
        """Return some samples as the pattern sees them: views by role, and its companions."""
        whole = self.data
        views = {name: values[indices] for name, values in whole.views.items()}
        views[""] = whole.samples[indices]
        shown = {
            value["x-view-role"]: views[self.entry.get(key, "")]
            for key, value in self.known.items()
            if "x-view-role" in value
        }
        shown.pop("companions", None)
        samples = shown.pop("samples", views[""])
        if isinstance(whole, ProblemBatch):
            whole = replace(whole, partition=whole.partition[indices])
        return replace(
            whole,
            indices=indices,
            samples=samples,
            views=shown,
            companions=self._companions(self.pattern.companions(indices)),
            targets=self._targets(indices),
            default_view=views[""],
        )

    @property
    def _runs_on_problems(self) -> bool:
        return DESIGN_PATTERNS.schemas[self.stem].get("x-batch") == "problems"

    def _targets(self, indices: Tensor) -> SideTargets | None:
        """Return side targets for a pattern that learns from them; every fourth is missing."""
        if DESIGN_PATTERNS.schemas[self.stem].get("x-batch") != "targets":
            return None
        is_missing = indices % 4 == 3
        if self.entry["loss_type"] == "cross_entropy":
            return SideTargets((indices % N_CLUSTERS).masked_fill(is_missing, -1), N_CLUSTERS)
        numbers = self.data.samples[indices, :N_CLUSTERS].tanh()
        return SideTargets(numbers.masked_fill(is_missing[:, None], float("nan")))

    def _companions(self, indices: Tensor | None) -> Tensor | None:
        if indices is None:
            return None
        roles = {value.get("x-view-role"): key for key, value in self.known.items()}
        view = self.entry.get(roles.get("companions", ""), "")
        return {"": self.data.samples, **self.data.views}[view][indices]

    @property
    def data_pass(self) -> DatasetPass:
        """A pass over the samples, in batches of 16 of the default view."""
        return DatasetPass(N_SAMPLES, self._data_pass)

    def _data_pass(self, function: Any, indices: Tensor) -> Tensor:
        self.model.eval()
        with torch.no_grad():
            rows = [function(Batch(part, self.data.samples[part])) for part in indices.split(16)]
        self.model.train()
        return torch.cat(rows)

    def losses(self, indices: Tensor, iteration: int = 1) -> dict[str, Tensor]:
        """Return what the pattern gives in an iteration."""
        self.pattern.before_iteration(Clock(epoch=1, iteration=iteration), self.data_pass)
        return self.pattern(self.batch(indices))

    def act(self, indices: Tensor, iteration: int = 1) -> dict[str, Tensor]:
        """Run the last iteration of an epoch, without optimizers; return the losses."""
        clock = Clock(epoch=1, iteration=iteration, epoch_ends=True)
        self.pattern.before_iteration(clock, self.data_pass)
        batch = self.batch(indices)
        losses = self.pattern(batch)
        with torch.no_grad():
            self.pattern.after_step(clock, batch)
            self.pattern.after_epoch(clock, self.data_pass)
        return losses

    @property
    def updated_names(self) -> set[str]:
        """The parts of the model that the pattern changes itself."""
        named = {self.entry[key] for key, value in self.known.items() if value.get("x-updates")}
        return named | set(DESIGN_PATTERNS.schemas[self.stem].get("x-updates", ()))

    def trained_names(self) -> set[str]:
        """Return which parts of the model the entry speaks of, and what runs before them."""
        keys = [key for key, value in self.known.items() if "x-refers-to" in value]
        names = {self.entry[key] for key in keys if key in self.entry} & self.mappings.keys()
        if self._runs_on_problems:
            return names or {"count", "index"}
        if names & {"head", "classifier"}:
            names |= {"encoder"}
        if self._asks_for("assignment") and "classifier_name" not in self.entry:
            names |= {"encoder"}
        if self._asks_for("features"):
            names |= {"encoder"}
        if "x-strategies" in DESIGN_PATTERNS.schemas[self.stem]:
            names |= {"encoder", "assignment"}
        if self._asks_for("assignment", "centroids"):
            names |= {"centroids"}
        return names

    def permute_clusters(self, order: Tensor) -> None:
        """Give the clusters other numbers."""
        head = self.mappings["classifier"].net[0]
        with torch.no_grad():
            self.centroids.set_values(self.centroids.values[order])
            head.weight.copy_(head.weight[order])
            head.bias.copy_(head.bias[order])

    def _near_blobs(self) -> Tensor:
        return self.mappings["encoder"](_data(torch.float32).samples[:N_CLUSTERS])

    def _asks_for(self, *names: str) -> bool:
        parameters = inspect.signature(DESIGN_PATTERNS.resolve(self.stem)).parameters
        return any(name in parameters for name in names)

    def _pattern(self) -> Any:
        own = {k: value for k, value in self.entry.items() if k in arguments(self.stem)}
        parts = {"mapping": self.mappings, "feature_extractor": self.mappings}
        injected = {
            "assignment": self._assignment(),
            "method_assignment": self.strategy,
            "centroids": self.centroids,
            "features": self.features,
            "n_clusters": N_CLUSTERS,
            "generator": self.generator,
        }
        return build_component(DESIGN_PATTERNS, self.stem, own, parts, injected)

    def _assignment(self) -> nn.Module:
        if "classifier_name" in self.entry:
            return ClassProbabilities(self.mappings[self.entry["classifier_name"]], N_CLUSTERS)
        return self.strategy

    def _strategy(self, seed: int) -> Assignment:
        """Build the strategy that the pattern works with, by the first options of its case."""
        options = {"similarity_measure": "student_t"}
        stem, *_ = DESIGN_PATTERNS.schemas[self.stem].get("x-strategies", (STUDENT_T,))
        if stem != STUDENT_T:
            options = json.loads((STRATEGY_CASES / f"{stem}.json").read_text())[0]
        injected = {
            "features": self.features,
            "centroids": self.centroids,
            "n_clusters": N_CLUSTERS,
            "streams": RandomStreams(seed),
            "read_tensor": read_tensor,
        }
        return build_component(STRATEGIES, stem, options, {"mapping": self.mappings}, injected)


def _mappings() -> dict[str, TrainableMapping]:
    names = {"outer": 0, "activation": 1, "inner": 2}
    encoder = TrainableMapping([nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)], layer_names=names)
    for parameter in encoder.parameters():
        parameter.data *= 2  # so that features of different clusters lie apart
    with global_seed(1):  # so that the other mappings draw the same parameters without it
        sigmoid_encoder = TrainableMapping(
            [nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2)], layer_names=names
        )
    names = {"inner": 0, "activation": 1, "outer": 2}
    return {
        "encoder": encoder,
        "sigmoid_encoder": sigmoid_encoder,
        "decoder": TrainableMapping(
            [nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4)], layer_names=names
        ),
        "critic": TrainableMapping([nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)]),
        "discriminator": TrainableMapping([nn.Linear(4, 1), nn.Sigmoid()]),
        "head": TrainableMapping([nn.Linear(2, 3)], prior=encoder),
        "classifier": TrainableMapping(
            [nn.Linear(2, N_CLUSTERS), nn.Softmax(dim=1)], prior=encoder
        ),
    }


def _set_mappings() -> dict[str, TrainableMapping]:
    """Count the clusters of a set of vectors, and assign them."""
    return {
        "count": TrainableMapping([PoolObjects(by="mean_and_max"), nn.Linear(8, N_CLUSTERS)]),
        "index": TrainableMapping([nn.Linear(4, N_CLUSTERS * (N_CLUSTERS + 1) // 2)]),
    }


def _problems(dtype: torch.dtype) -> ProblemBatch:
    """Sets of three to five vectors near one to three centers."""
    generator = Generator().manual_seed(7)
    centers = 2 * torch.randn(N_SAMPLES, N_CLUSTERS, 4, generator=generator)
    noise = torch.randn(N_SAMPLES, N_OBJECTS, 4, generator=generator)
    counts, sizes = torch.arange(N_SAMPLES) % 3 + 1, torch.arange(N_SAMPLES) % 5 % 3 + 3
    objects = torch.arange(N_OBJECTS)
    partition = (objects % counts[:, None]).masked_fill(objects >= sizes[:, None], -1)
    samples = centers.gather(1, partition.clamp_min(0)[:, :, None].expand(-1, -1, 4)) + 0.3 * noise
    indices, share = torch.arange(N_SAMPLES), 0.6
    return ProblemBatch(indices, samples.to(dtype), partition=partition, same_share=share)


def _data(dtype: torch.dtype) -> Batch:
    """Three blobs, and other views of them; `bounded` has values from 0 to 1."""
    generator = Generator().manual_seed(7)
    centers = 2 * torch.randn(N_CLUSTERS, 4, generator=generator)
    noise = torch.randn(2, N_SAMPLES, 4, generator=generator)
    samples = centers.repeat(N_SAMPLES // N_CLUSTERS, 1) + 0.3 * noise[0]
    views = {
        "noisy": samples + 0.1 * noise[1],
        "shifted": samples + 0.2,
        "bounded": samples.sigmoid(),
    }
    indices = torch.arange(N_SAMPLES)
    return Batch(indices, samples.to(dtype), {name: v.to(dtype) for name, v in views.items()})
