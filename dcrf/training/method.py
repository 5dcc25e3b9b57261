"""A method as one module: its `state_dict` is the model."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dcrf.assignment.base import Assignment
from dcrf.assignment.clustered_features import ClusteredFeatures
from dcrf.assignment.lifecycle import Lifecycle
from dcrf.batch import Batch, DatasetPass
from dcrf.mappings.features import Features
from dcrf.mappings.forward_cache import CachedModule
from dcrf.mappings.mapping import TrainableMapping
from dcrf.storage.parameter_files import part_tensors
from dcrf.training.interfaces import DataSource

ASSIGNMENT = "assignment"
"""The part of a method that its cluster assignment strategy owns."""
_EXTRA_STATE = "_extra_state"  # torch ends the names of extra states so


class Method(nn.Module):
    """A clustering method: the module that phases train and evaluators assign samples with.

    mappings: name -> trainable mapping.
    assignment: the cluster assignment strategy.
    shared: name -> part that strategy and patterns share, unused if neither needs it.
    lifecycles: name of a part -> how it is initialized and recalculated.
    reclusterings: name -> clustering of features beside the method's own assignment.
    features: that clusters are formed in.
    """

    def __init__(
        self,
        mappings: Mapping[str, TrainableMapping],
        assignment: Assignment,
        shared: Mapping[str, nn.Module],
        lifecycles: Mapping[str, Lifecycle],
        reclusterings: Mapping[str, ClusteredFeatures] | None = None,
        features: Features | None = None,
    ) -> None:
        super().__init__()
        self.mappings = dict(mappings)
        self._registered = nn.ModuleList(self.mappings.values())
        self.assignment = assignment
        self.shared = dict(shared)
        for name, part in shared.items():
            self.add_module(name, part)
        self._features = (features,)  # a tuple, since the strategy registers its modules
        self.reclusterings = dict(reclusterings or {})
        if reclusterings:
            self._reclusterings = nn.ModuleList(reclusterings.values())
        self.lifecycles = {**lifecycles, ASSIGNMENT: assignment}

    @property
    def features(self) -> Features | None:
        """The features that clusters are formed in, None without a feature extractor."""
        return self._features[0]

    @property
    def parts(self) -> dict[str, nn.Module]:
        """Every part by name: mappings, shared parts, the strategy's own parameters, reclusterings.

        Optimizers, saving and loading speak of these names only.
        """
        owned = self.assignment.owned()
        own = {} if owned is None else {ASSIGNMENT: owned}
        fitted = {name: clusters.owned() for name, clusters in self.reclusterings.items()}
        return {**self.mappings, **self.shared, **own, **fitted}

    def part_or_layer(self, name: str) -> nn.Module:
        """Return a part by its name, or the layer of a mapping by `<mapping>.<layer>`."""
        layers = {
            f"{mapping}.{layer}": module.net[index]
            for mapping, module in self.mappings.items()
            for layer, index in module.layer_names.items()
        }
        return {**layers, **self.parts}[name]

    def cached_modules(self) -> list[CachedModule]:
        """Return the mappings and assignments, which run once per input tensor in an iteration."""
        return [module for module in self.modules() if isinstance(module, CachedModule)]

    def tensors_of(self, part: str) -> dict[str, Tensor]:
        """Return the tensors of a part that are saved, on the CPU."""
        return {name: t.cpu() for name, t in part_tensors(self.parts[part]).items()}

    def other_state(self) -> dict[str, Any]:
        """Return the state of modules that is no tensor of a part, such as counted iterations."""
        return {name: value for name, value in self.state_dict().items() if _is_other(name)}

    def load_other_state(self, state: Mapping[str, Any]) -> None:
        """Restore `other_state`'s result.

        Raises:
            RuntimeError: it is not one of this method.
        """
        known = filter(_is_other, self.state_dict())
        if unknown := state.keys() - {*known}:
            raise RuntimeError(f"no module has the state {min(unknown)}")
        self.load_state_dict(state, strict=False)

    def pass_over(self, source: DataSource) -> DatasetPass:
        """Return a pass over the whole data set in evaluation mode, without gradient.

        Random numbers that it draws do not change those that training draws.
        """

        def run(function: Callable[[Batch], Tensor], indices: Tensor) -> Tensor:
            was_training = self.training
            self.eval()
            try:
                with torch.random.fork_rng():
                    return source.data_pass(function, indices)
            finally:
                self.train(was_training)

        return DatasetPass(source.n_samples, run)


def _is_other(name: str) -> bool:
    return name.endswith(_EXTRA_STATE)
