"""Training a feature extractor by other tasks than clustering, with side targets."""

from torch import Tensor

from dcrf.batch import Batch, SideTargets
from dcrf.design_patterns.base import DesignPattern
from dcrf.errors import OptionError, OutputShapeError
from dcrf.functional.pseudo_labels import pseudo_label_cross_entropy
from dcrf.functional.side_targets import squared_target_error
from dcrf.mappings.mapping import TrainableMapping

CROSS_ENTROPY = "cross_entropy"


class OtherTask(DesignPattern):
    """A head predicts the side targets of the samples that have some.

    The data set names them by `side_targets`. They are never those labels with which its clusters
    are evaluated, but results are marked `label_informed`.

    Formula:
        L = -1/m sum_i log p_i,y(i) (cross_entropy), or 1/m sum_i |f(x_i) - y_i|^2 (squared_error)

    Losses:
        prediction: the mean over the samples of the batch that have targets, >= 0, and 0 if none
            has. Nats for `cross_entropy`, squared units of the targets for `squared_error`, summed
            over d. Gradient flows into the head and, through its prior mappings, the feature
            extractor.

    Shapes:
        samples (n, *sample_shape) -> outputs of the head (n, m): logits of at least as many classes
        as the data set has, or as many numbers as a sample has targets.

    Args:
        head: maps samples to outputs; the softmax of a classifier is left out. Usually its prior
            mapping is the feature extractor.
        loss_type: `cross_entropy` with classes, or `squared_error` from numbers.

    Raises:
        OptionError: the side targets are not of the kind that the loss needs.
        OutputShapeError: the head has another number of outputs than there are targets.

    Source: "other tasks" of the taxonomy of Aljalbout et al., section 2.3,
        https://arxiv.org/abs/1801.07648.
    """

    loss_names = ("prediction",)

    def __init__(self, *, head: TrainableMapping, loss_type: str) -> None:
        super().__init__()
        self.head, self.loss_type = head, loss_type

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of the predictions."""
        if batch.targets is None:
            raise RuntimeError("the batch has no side targets")
        self._check_kind(batch.targets)
        if self.loss_type == CROSS_ENTROPY:
            log_probabilities = self.head.log_probabilities(batch.samples)
            self._check_width(log_probabilities, batch.targets.n_classes or 1, "classes")
            loss = pseudo_label_cross_entropy(log_probabilities, batch.targets.values)
        else:
            outputs = self.head(batch.samples)
            self._check_width(outputs, batch.targets.values.shape[1], "targets")
            loss = squared_target_error(outputs, batch.targets.values)
        return {"prediction": loss}

    def _check_kind(self, targets: SideTargets) -> None:
        kind = "numbers" if targets.values.is_floating_point() else "classes"
        needed = "classes" if self.loss_type == CROSS_ENTROPY else "numbers"
        if kind != needed:
            raise OptionError(
                "loss_type",
                f"{self.loss_type} needs {needed}, but the side_targets of the data set are {kind}",
            )

    def _check_width(self, outputs: Tensor, needed: int, noun: str) -> None:
        """Check that there is an output for each class, or just one for each number."""
        shape = tuple(outputs.shape[1:])
        has_room = noun == "classes" and len(shape) == 1 and shape[0] >= needed
        if not has_room and shape != (needed,):
            raise OutputShapeError(
                self.head,
                f"the output of the head has shape {shape} per sample, but the side targets of the "
                f"data set are {needed} {noun}",
            )
