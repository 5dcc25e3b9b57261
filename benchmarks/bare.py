"""The lower bound of an iteration: forward and backward passes, optimizer steps, in plain torch.

It reads no data, makes no views, computes no cluster losses and logs nothing. Optimizer steps are
fused as in dcrf. Only passes that every implementation needs are counted; for the hybrid these are
three encoder passes, without its contrastive head.
"""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.straightforward import Straightforward

Networks = Mapping[str, nn.Module]


def bare(direct: Straightforward, name: str, phase: str) -> Callable[[], None]:
    """Return a function that runs one iteration.

    Args:
        direct: the phase, for its networks, optimizers and batch shapes. It is not changed.
        name: the configuration's.
        phase: the phase's.
    """
    networks = copy.deepcopy(dict(direct.networks))
    parameters = [p for network in networks.values() for p in network.parameters()]
    optimizer, _ = direct.optimizers[0]
    defaults = optimizer.defaults
    numbers: dict[str, Any] = {key: defaults[key] for key in ("lr", "momentum") if key in defaults}
    numbers["fused"] = True
    stepping = type(optimizer)(parameters, **numbers)
    shapes = [value.shape for key, value in next(direct.batches).items() if key != "index"]
    samples, passes = torch.rand(shapes[0]), PASSES[name, phase]

    def step() -> None:
        stepping.zero_grad()
        passes(networks, samples).backward()
        stepping.step()

    return step


def _autoencoder(networks: Networks, samples: Tensor) -> Tensor:
    return (networks["decoder"](networks["encoder"](samples)) - samples).square().mean()


def _encoder(networks: Networks, samples: Tensor, passes: int) -> Tensor:
    outputs = [networks["encoder"](samples).square().mean() for _ in range(passes)]
    return torch.stack(outputs).sum()


def _interpolation(networks: Networks, samples: Tensor) -> Tensor:
    """One pass of the encoder, two of the decoder, two of the critic."""
    encoder, decoder, critic = (networks[name] for name in ("encoder", "decoder", "critic"))
    codes = encoder(samples)
    reconstructed, mixed = decoder(codes), decoder(codes.flip(0))
    estimates = critic(mixed).square().mean() + critic(reconstructed.detach()).square().mean()
    return (reconstructed - samples).square().mean() + estimates


def _first_stage(networks: Networks, samples: Tensor) -> Tensor:
    """The outermost layers of an autoencoder: Flatten, Linear, ReLU; Linear, Unflatten."""
    inner = networks["encoder"][:3](samples)  # type: ignore[index]
    return (networks["decoder"][-2:](inner) - samples).square().mean()  # type: ignore[index]


PASSES: Mapping[tuple[str, str], Callable[[Networks, Tensor], Tensor]] = {
    ("quickstart", "pretraining"): _autoencoder,
    ("quickstart", "finetuning"): partial(_encoder, passes=2),
    ("dec_cc_hybrid_mnist", "pretraining"): _autoencoder,
    ("dec_cc_hybrid_mnist", "finetuning"): partial(_encoder, passes=3),
    ("dec_cc_hybrid_fashion_mnist", "pretraining"): _autoencoder,
    ("dec_cc_hybrid_fashion_mnist", "finetuning"): partial(_encoder, passes=3),
    ("deep_k_means_mnist", "training"): _autoencoder,
    ("adversarial_interpolation_pretraining_mnist", "pretraining"): _interpolation,
    ("layer_wise_pretraining_mnist", "pretraining"): _first_stage,
}
"""(configuration, phase) -> (networks, samples) -> a scalar at the end of all passes."""
