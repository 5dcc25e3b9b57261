"""Training a feature extractor by reconstructing samples."""

from torch import Tensor

from dcrf.batch import Batch
from dcrf.design_patterns.base import DesignPattern
from dcrf.functional.reconstruction import squared_error
from dcrf.mappings.mapping import TrainableMapping


class Reconstruction(DesignPattern):
    """Squared error between samples and their reconstructions by an autoencoder.

    Losses:
        reconstruction: squared units of the samples, >= 0. Gradient flows into encoder and
            decoder.

    Shapes:
        samples (n, *sample_shape) -> codes -> reconstructions with as many elements.

    Args:
        encoder: maps samples to codes.
        decoder: maps codes to reconstructions.
        loss_reduction_method: `mean_across_samples` (sum over the elements of a sample, mean
            over samples), `mean_across_elements` or `sum`.

    Raises:
        ValueError: reconstructions and samples differ in their number of elements.

    Source: Vincent et al., JMLR 11 (2010), section 2.
    """

    loss_names = ("reconstruction",)

    def __init__(
        self, *, encoder: TrainableMapping, decoder: TrainableMapping, loss_reduction_method: str
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.reduction = loss_reduction_method

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the reconstruction error of the batch."""
        reconstructions = self.decoder(self.encoder(batch.samples))
        return {"reconstruction": squared_error(reconstructions, batch.samples, self.reduction)}
