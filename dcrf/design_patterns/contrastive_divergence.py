"""Facilitating the training of a feature extractor by a stack of restricted Boltzmann machines."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError
from dcrf.functional.restricted_boltzmann import Machine, contrastive_divergence
from dcrf.mappings.evaluation_mode import frozen
from dcrf.mappings.mapping import TrainableMapping


class ContrastiveDivergence(DesignPattern):
    """A deep belief network: Boltzmann machines, trained one after another, unrolled as layers.

    A machine shares its weights and hidden biases with a Linear layer of the encoder, and its
    visible biases with a Linear layer of the decoder. After each step, that layer of the decoder
    gets the transposed weights, so that encoder and decoder are an autoencoder when all machines
    are trained. The data of a machine are the outputs of all layers of the encoder before its own,
    in evaluation mode. The last machine trains until the phase ends.

    Momentum and weight decay are those of the optimizer. The paper decays weights only, optimizers
    of torch decay biases, too.

    Formula:
        L = 1/n sum_i [F(v_i) - F(v'_i)], with v' after steps of Gibbs sampling, a constant
        F(v) = -b^T v - sum_j log(1 + exp(c_j + W_j v)), of binary units

    Losses:
        divergence: nats per sample, of any sign: the free energy of the data minus that of their
            reconstructions. Only its gradient has a meaning: it is that of contrastive divergence.

    Shapes:
        samples (n, *sample_shape) -> visible values (n, d) -> hidden values (n, h) -> (n, d).

    Args:
        encoder: maps samples to codes. A machine with binary hidden units is followed by a Sigmoid.
        decoder: its Linear layers have the opposite shapes; the order of its other layers is free.
        machines: `encoder_layer_name`, `decoder_layer_name`, `visible_units`, `hidden_units` and
            `train_for_iterations` of each machine, from the samples to the code. Binary visible
            units take values in [0, 1], Gaussian ones values of variance 1.
        gibbs_steps: k, >= 1.
        generator: draws hidden values.

    Raises:
        OptionError: layers of a machine do not fit, or samples outside [0, 1] are to be binary.

    Source: Hinton, Neural Computation 2002, https://doi.org/10.1162/089976602760128018; Hinton and
        Salakhutdinov, Science 2006, https://doi.org/10.1126/science.1127647.
    """

    loss_names = ("divergence",)

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        decoder: TrainableMapping,
        machines: Sequence[Mapping[str, Any]],
        gibbs_steps: int,
        generator: Generator,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.gibbs_steps, self.generator = gibbs_steps, generator
        self.stages = tuple(_stage(encoder, decoder, entry) for entry in machines)
        lengths = (int(entry["train_for_iterations"]) for entry in machines[:-1])
        self.last_iterations = tuple(accumulate(lengths))
        self.stage = self.stages[0]

    def stage_starts(self) -> Sequence[int]:
        """Return the first iteration of every machine."""
        return (1, *(last + 1 for last in self.last_iterations))

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Set the machine of this iteration; check the samples in the first one."""
        self.stage = self.stages[bisect_left(self.last_iterations, clock.iteration)]
        if clock.iteration == 1 and self.stage.visible_units == "binary":
            bounds = data_pass(self._bounds)
            if not bounds.is_meta and (bounds.min() < 0 or bounds.max() > 1):
                raise OptionError(
                    "machines",
                    "binary visible units take values from 0 to 1, but those of the first machine "
                    f"reach from {bounds.min():g} to {bounds.max():g}; scale the samples, or make "
                    "its visible_units gaussian",
                )

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the contrastive divergence of the machine of this iteration."""
        # in the order of the indices, so that a draw does not depend on the place in the batch
        visible = self._visible(batch)[batch.indices.argsort()]
        machine = self.stage.machine()
        loss = contrastive_divergence(machine, visible, self.gibbs_steps, self.generator)
        return {"divergence": loss}

    def after_step(self, clock: Clock, batch: Batch) -> None:
        """Copy the transposed weights of the machine into the decoder."""
        self.stage.decoder_layer.weight.copy_(self.stage.encoder_layer.weight.T)

    def _visible(self, batch: Batch) -> Tensor:
        with frozen(self.stage.layers_before):
            return self.stage.layers_before(batch.samples).flatten(1)

    def _bounds(self, batch: Batch) -> Tensor:
        return torch.stack(self._visible(batch).aminmax(dim=1), dim=1)


class _Stage(NamedTuple):
    """A machine and its layers, which belong to the mappings alone."""

    layers_before: TrainableMapping
    encoder_layer: nn.Linear
    decoder_layer: nn.Linear
    visible_units: str
    hidden_units: str

    def machine(self) -> Machine:
        return Machine(
            self.encoder_layer.weight,
            self.decoder_layer.bias,
            self.encoder_layer.bias,
            self.visible_units,
            self.hidden_units,
        )


def _stage(
    encoder: TrainableMapping, decoder: TrainableMapping, entry: Mapping[str, Any]
) -> _Stage:
    names = (entry["encoder_layer_name"], entry["decoder_layer_name"])
    index = encoder.layer_names[names[0]]
    forward = _linear_layer(encoder.net[index], names[0])
    backward = _linear_layer(decoder.net[decoder.layer_names[names[1]]], names[1])
    if forward.weight.shape != backward.weight.T.shape:
        shapes = [tuple(layer.weight.shape) for layer in (forward, backward)]
        raise OptionError(
            "machines",
            f"{names[0]!r} and {names[1]!r} have weights of shapes {shapes[0]} and {shapes[1]}, "
            "expected transposed ones",
        )
    following = encoder.net[index + 1] if index + 1 < len(encoder.net) else None
    if entry["hidden_units"] == "binary" and not isinstance(following, nn.Sigmoid):
        raise OptionError(
            "machines",
            f"{names[0]!r} has binary hidden units, so a Sigmoid must follow it; add one, or make "
            "its hidden_units gaussian",
        )
    layers_before = TrainableMapping(
        list(encoder.net[:index]),
        prior=encoder.prior,
        before=encoder.before,
        use_bfloat16=encoder.use_bfloat16,
    )
    return _Stage(layers_before, forward, backward, entry["visible_units"], entry["hidden_units"])


def _linear_layer(layer: nn.Module, name: str) -> nn.Linear:
    if not isinstance(layer, nn.Linear) or layer.bias is None:
        raise OptionError("machines", f"{name!r} is {layer}, expected a Linear layer with bias")
    return layer
