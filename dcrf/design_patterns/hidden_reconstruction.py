"""Training a feature extractor by reconstructing the outputs of its hidden layers (DEPICT)."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.reconstruction import squared_error
from dcrf.mappings.evaluation_mode import evaluation_mode
from dcrf.mappings.mapping import TrainableMapping


class HiddenReconstruction(DesignPattern):
    """Squared error between hidden outputs of a clean encoder and of the decoder of noisy codes.

    The noisy path gets the view that the pattern names, in training mode: its noise are the
    transforms of the view and Dropout layers of the encoder. The clean path is the same encoder in
    evaluation mode on the default view. Beside `reconstruction`, whose passes it shares, it
    completes the reconstruction loss of DEPICT.

    Formula:
        L = sum_l 1/n sum_i |d_l(i) - e_l(i)|^2
        e_l is the output of an encoder layer for clean samples, d_l of the decoder for noisy ones

    Losses:
        hidden: squared units of the hidden outputs, >= 0, summed over the pairs of layers. Gradient
            flows into both paths.

    Shapes:
        samples (n, *sample_shape) -> codes -> outputs of decoder layers; default view ->
        outputs of encoder layers. Both outputs of a pair have the same number of elements.

    Args:
        encoder: maps samples to codes; its layers have names.
        decoder: maps codes to samples; its layers have names.
        layer_pairs: `encoder_layer_name` and `decoder_layer_name` of each pair.
        loss_reduction_method: of a pair, as in `reconstruction`.

    Raises:
        ValueError: the outputs of a pair differ in their number of elements.

    Source: Ghasedi Dizaji et al., ICCV 2017, section 3.2, https://arxiv.org/abs/1704.06327. The
        authors' code averages over elements and weights these errors by 0.1.
    """

    loss_names = ("hidden",)

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        decoder: TrainableMapping,
        layer_pairs: Sequence[Mapping[str, str]],
        loss_reduction_method: str,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.encoder_layers = [pair["encoder_layer_name"] for pair in layer_pairs]
        self.decoder_layers = [pair["decoder_layer_name"] for pair in layer_pairs]
        self.reduction = loss_reduction_method
        encoder.keep_outputs(self.encoder_layers)
        decoder.keep_outputs(self.decoder_layers)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the error of all pairs of layers."""
        noisy = self.decoder.outputs_of(self.encoder(batch.samples), self.decoder_layers)
        with evaluation_mode(self.encoder):
            clean = self.encoder.outputs_of(batch.clean, self.encoder_layers)
        errors = [
            squared_error(output, target, self.reduction)
            for output, target in zip(noisy, clean, strict=True)
        ]
        return {"hidden": sum(errors[1:], start=errors[0])}
