"""Facilitating the training of a feature extractor by training it a few layers at a time."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import torch
from torch import Generator, Tensor, nn

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.reconstruction import dropout, squared_error
from dcrf.mappings.mapping import TrainableMapping


class LayerWisePretraining(DesignPattern):
    """A stack of denoising autoencoders, trained from the outermost to the innermost.

    Every stage trains one pair of layer groups for a number of iterations, counted from the start
    of the phase. Its target is the clean output of the encoder layers before it, which are fixed
    and in evaluation mode. Its input is a copy of the target with dropout; so is its hidden
    output. Two things stay clean: the samples, which the first stage sees, and the innermost code.
    When all stages are done, the whole autoencoder is fine-tuned without dropout until the phase
    ends; a phase as long as its stages ends before that.

    A group runs exactly the layers that are named, in the order of their names, activations
    included. As in DEC the last encoder group and the outermost decoder group should end without
    an activation. The outermost groups keep the functions that their mappings apply to samples.

    Losses:
        reconstruction: squared units of the target, summed over its elements, mean over samples,
            >= 0. Gradient flows into the layers of the stage only, then into all.

    Shapes:
        samples (n, *sample_shape) -> the stage's target (n, ...) -> hidden (n, ...) -> a
        reconstruction with as many elements as the target.

    Args:
        encoder: its layers have names.
        decoder: its layers have names.
        dropout_rate: share of elements that are set to 0, in [0, 1).
        encoder_decoder_layer_pairs: from outermost to innermost, `encoder_layer_names`,
            `decoder_layer_names` and `train_for_iterations` of every stage.
        generator: of the dropout.

    Raises:
        ValueError: a reconstruction has another number of elements than its target.

    Source: Xie, Girshick, Farhadi, ICML 2016, section 3.2, https://arxiv.org/abs/1511.06335;
        Vincent et al., JMLR 11 (2010).
    """

    loss_names = ("reconstruction",)

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        decoder: TrainableMapping,
        dropout_rate: float,
        encoder_decoder_layer_pairs: Sequence[Mapping[str, Any]],
        generator: Generator,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.dropout_rate, self.generator = dropout_rate, generator
        self.stages = _stages(encoder, decoder, encoder_decoder_layer_pairs)
        lengths = (int(pair["train_for_iterations"]) for pair in encoder_decoder_layer_pairs)
        self.last_iterations = tuple(accumulate(lengths))
        self.stage = 0

    def stage_starts(self) -> Sequence[int]:
        """Return the first iteration of every stage and of the fine-tuning."""
        return (1, *(last + 1 for last in self.last_iterations))

    def before_iteration(self, clock: Clock, data_pass: DatasetPass) -> None:
        """Find the stage of this iteration; behind the last one comes the fine-tuning."""
        self.stage = bisect_left(self.last_iterations, clock.iteration)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the error of the current stage, or of the whole autoencoder."""
        if self.stage == len(self.stages):
            outputs = self.decoder(self.encoder(batch.samples))
            return {"reconstruction": squared_error(outputs, batch.samples)}
        target = self._target(batch.samples)
        encode, decode = self.stages[self.stage]
        hidden = encode(target if self.stage == 0 else self._corrupted(target))
        is_innermost = self.stage == len(self.stages) - 1
        outputs = decode(hidden if is_innermost else self._corrupted(hidden))
        return {"reconstruction": squared_error(outputs, target)}

    def _target(self, samples: Tensor) -> Tensor:
        values = samples
        for encode, _ in self.stages[: self.stage]:
            with _fixed(encode):
                values = encode(values)
        return values

    def _corrupted(self, values: Tensor) -> Tensor:
        return dropout(values, self.dropout_rate, self.generator)


def _stages(
    encoder: TrainableMapping, decoder: TrainableMapping, pairs: Sequence[Mapping[str, Any]]
) -> tuple[tuple[TrainableMapping, TrainableMapping], ...]:
    """Return the encoder and decoder part of every stage.

    They share their layers with the mappings, so they are kept in a tuple and not registered.
    """
    last = len(pairs) - 1
    return tuple(
        (
            _part(encoder, pair["encoder_layer_names"], first=i == 0, last=i == last),
            _part(decoder, pair["decoder_layer_names"], first=i == last, last=i == 0),
        )
        for i, pair in enumerate(pairs)
    )


def _part(
    mapping: TrainableMapping, names: Sequence[str], *, first: bool, last: bool
) -> TrainableMapping:
    """Some layers as a mapping; at its ends it does what the whole mapping does there."""
    return TrainableMapping(
        [mapping.net[mapping.layer_names[name]] for name in names],
        prior=mapping.prior if first else None,
        before=mapping.before if first else (),
        after=mapping.after if last else (),
        use_bfloat16=mapping.use_bfloat16,
        compiled=mapping.compiled,
    )


def _chain(mapping: TrainableMapping) -> Iterator[nn.Module]:
    """Yield all modules that run when the mapping runs."""
    yield from mapping.modules()
    if mapping.prior is not None:
        yield from _chain(mapping.prior)


@contextmanager
def _fixed(mapping: TrainableMapping) -> Iterator[None]:
    """Inside the block the mapping is in evaluation mode and keeps no gradient."""
    modes = {part: part.training for part in _chain(mapping)}
    for part in modes:
        part.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in modes.items():
            part.training = mode
