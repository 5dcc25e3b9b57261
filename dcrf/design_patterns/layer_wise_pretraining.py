"""Facilitating the training of a feature extractor by pretraining it in groups of layers."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from torch import Generator, Tensor

from dcrf.batch import Batch, Clock, DatasetPass
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.reconstruction import dropout, squared_error
from dcrf.mappings.evaluation_mode import frozen
from dcrf.mappings.mapping import TrainableMapping


class LayerWisePretraining(DesignPattern):
    """A stack of denoising autoencoders, trained from the outermost to the innermost.

    Each stage trains one pair of layer groups for a number of iterations, counted from the start
    of the phase. The target is the clean output of the encoder layers before the stage, which are
    frozen and in evaluation mode. Dropout corrupts the stage's input and hidden output. Two
    tensors stay clean: the samples in the first stage, and the code in the last stage. After the
    last stage, the whole autoencoder is fine-tuned without dropout until the phase ends.

    A group runs exactly the named layers, activations included, in the order of the names. As in
    DEC, the last encoder group and the outermost decoder group should end without an activation.
    The pre- and post-processing functions of the mappings run in the outermost groups.

    Formula:
        L = 1/n sum_i |h_i - decode(dropout(encode(dropout(h_i))))|^2, with the input h of the stage

    Losses:
        reconstruction: squared units of the target, >= 0, summed over elements and averaged over
            samples. Gradient flows into the layers of the current stage, or of all in fine-tuning.

    Shapes:
        samples (n, *sample_shape) -> the stage's target (n, ...) -> hidden (n, ...) -> a
        reconstruction with as many elements as the target.

    Args:
        encoder: maps samples to codes; its layers have names.
        decoder: maps codes to samples; its layers have names.
        dropout_rate: probability that an element is set to 0, in [0, 1).
        encoder_decoder_layer_pairs: `encoder_layer_names`, `decoder_layer_names` and
            `train_for_iterations` of each stage, from outermost to innermost.
        generator: draws the dropout masks.

    Raises:
        ValueError: reconstruction and target differ in their number of elements.

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
        """Set the stage of this iteration; after the last one, the number of stages."""
        self.stage = bisect_left(self.last_iterations, clock.iteration)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the reconstruction error of the stage, or of the whole autoencoder."""
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
            with frozen(encode):
                values = encode(values)
        return values

    def _corrupted(self, values: Tensor) -> Tensor:
        return dropout(values, self.dropout_rate, self.generator)


def _stages(
    encoder: TrainableMapping, decoder: TrainableMapping, pairs: Sequence[Mapping[str, Any]]
) -> tuple[tuple[TrainableMapping, TrainableMapping], ...]:
    """Return the encoder and decoder group of each stage, from outermost to innermost.

    The groups share their layers with the mappings, so the pattern does not register them.
    """
    last = len(pairs) - 1
    return tuple(
        (
            _layer_group(encoder, pair["encoder_layer_names"], first=i == 0, last=i == last),
            _layer_group(decoder, pair["decoder_layer_names"], first=i == last, last=i == 0),
        )
        for i, pair in enumerate(pairs)
    )


def _layer_group(
    mapping: TrainableMapping, names: Sequence[str], *, first: bool, last: bool
) -> TrainableMapping:
    """Return named layers of a mapping as a mapping.

    Args:
        mapping: the whole encoder or decoder.
        names: its layers to run, in order.
        first: whether the prior mapping and the pre-processing functions run.
        last: whether the post-processing functions run.
    """
    return TrainableMapping(
        [mapping.net[mapping.layer_names[name]] for name in names],
        prior=mapping.prior if first else None,
        before=mapping.before if first else (),
        after=mapping.after if last else (),
        use_bfloat16=mapping.use_bfloat16,
        compiled=mapping.compiled,
    )
