"""Training a feature extractor by reconstructing samples."""

from torch import Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.reconstruction import binary_cross_entropy, cosine_error, squared_error
from dcrf.mappings.mapping import TrainableMapping


class Reconstruction(DesignPattern):
    """Error between samples and their reconstructions by an autoencoder.

    The encoder gets the view that the pattern names. With the target `clean`, the autoencoder is a
    denoising one: it reconstructs the default view from that view.

    Formula:
        L = 1/n sum_i |x_i - decoder(encoder(x_i))|^2 (squared), or
            -1/n sum_i sum_e [x_ie log y_ie + (1 - x_ie) log(1 - y_ie)] (binary_cross_entropy), or
            1/n sum_i (1 - cos(x_i, y_i)) (cosine), with y = decoder(encoder(x))

    Losses:
        reconstruction: >= 0, in squared units of the samples (`squared`), in nats
            (`binary_cross_entropy`) or without a unit (`cosine`). Gradient flows into encoder and
            decoder.

    Shapes:
        samples (n, *sample_shape) -> codes -> reconstructions with as many elements.

    Args:
        encoder: maps samples to codes.
        decoder: maps codes to reconstructions. For `binary_cross_entropy`, its final Sigmoid is
            left out; without one, its output counts as logits.
        reconstruction_target: `view`, the samples that the encoder gets, or `clean`, the default
            view of them.
        error: `squared`, `binary_cross_entropy` or `cosine`.
        loss_reduction_method: `mean_across_samples` (sum over the elements of a sample, mean
            over samples), `mean_across_elements` or `sum`.

    Raises:
        ValueError: reconstructions and samples differ in their number of elements, or a binary
            cross-entropy gets samples outside of [0, 1].

    Source: Vincent et al., JMLR 11 (2010), section 2; section 3 for the target `clean`.
    """

    loss_names = ("reconstruction",)

    def __init__(
        self,
        *,
        encoder: TrainableMapping,
        decoder: TrainableMapping,
        reconstruction_target: str,
        error: str,
        loss_reduction_method: str,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.target, self.error = reconstruction_target, error
        self.reduction = loss_reduction_method

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the reconstruction error of the batch."""
        codes = self.encoder(batch.samples)
        target = batch.clean if self.target == "clean" else batch.samples
        if self.error == "binary_cross_entropy":
            logits = self.decoder.binary_logits(codes)
            return {"reconstruction": binary_cross_entropy(logits, target, self.reduction)}
        error = cosine_error if self.error == "cosine" else squared_error
        return {"reconstruction": error(self.decoder(codes), target, self.reduction)}
