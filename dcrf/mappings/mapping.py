"""A trainable mapping: named layers between functions, perhaps after another mapping."""

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from dcrf.errors import TrainingError, first_line
from dcrf.mappings.forward_cache import CachedModule

Function = Callable[[Tensor], Tensor]


class TrainableMapping(CachedModule):
    """Runs `prior`, then `before`, the layers and `after`.

    Args:
        layers: run in sequence; their parameters are saved as `net.<index>...`.
        layer_names: name -> index in `layers`, for the layers that have one.
        prior: the mapping whose output this one takes. Its parameters stay its own.
        before, after: functions on the layers' input and output.
        softmax_layer: index of the layer that is left out where logits are wanted.
        use_bfloat16: run in bfloat16 by autocast; the output is float32 all the same.
        compiled: in training, run the layers compiled by torch.compile.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        *,
        layer_names: Mapping[str, int] | None = None,
        prior: "TrainableMapping | None" = None,
        before: Sequence[Function] = (),
        after: Sequence[Function] = (),
        softmax_layer: int | None = None,
        use_bfloat16: bool = False,
        compiled: bool = False,
    ) -> None:
        super().__init__()
        self.net = nn.Sequential(*layers)
        self.layer_names = dict(layer_names or {})
        self._prior = (prior,)  # in a tuple, so that its parameters are not registered here
        self.before, self.after = tuple(before), tuple(after)
        functions = (f for f in (*before, *after) if isinstance(f, nn.Module))
        self._functions = nn.ModuleList(functions)  # so that they know of evaluation mode
        self.softmax_layer = softmax_layer
        self.use_bfloat16, self.compiled = use_bfloat16, compiled
        self._training_run = _compiled(self._run_layers) if compiled else self._run_layers

    @property
    def prior(self) -> "TrainableMapping | None":
        """The mapping whose output this one takes, if any."""
        return self._prior[0]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the mapping's output, (n, ...) for inputs (n, ...)."""
        return self._without(None, inputs)

    def log_probabilities(self, inputs: Tensor) -> Tensor:
        """Return a classifier's log-assignments, (n, k): the rows' exp sums to 1.

        They are the log-softmax of its logits, where a softmax layer is named or comes last.
        A final LogSoftmax has them already; any other output is taken for logits.
        """
        skipped = self.softmax_layer if self.softmax_layer is not None else self._last(nn.Softmax)
        values = self._without(skipped, inputs)
        if skipped is None and self._last(nn.LogSoftmax) is not None:
            return values
        return values.log_softmax(1)

    def binary_logits(self, inputs: Tensor) -> Tensor:
        """Return a discriminator's logits: a final Sigmoid is left out."""
        return self._without(self._last(nn.Sigmoid), inputs)

    def _last(self, kind: type[nn.Module]) -> int | None:
        """Return the index of the last step where that is a layer of this kind."""
        last = len(self.net) - 1
        return last if last >= 0 and not self.after and isinstance(self.net[last], kind) else None

    def _without(self, skipped: int | None, inputs: Tensor) -> Tensor:
        """Run without one layer, once for all who ask."""
        return self.cached(inputs, lambda: self._run(inputs, skipped), skipped)

    def _run(self, inputs: Tensor, skipped: int | None) -> Tensor:
        values = inputs if self.prior is None else self.prior(inputs)
        for function in self.before:
            values = _through(function, values)
        with self._autocast(values):
            run = self._training_run if torch.is_grad_enabled() else self._run_layers
            values = run(values, skipped)
        values = values.float() if self.use_bfloat16 else values
        for function in self.after:
            values = _through(function, values)
        return values

    def _autocast(self, values: Tensor) -> contextlib.AbstractContextManager[object]:
        if (
            not self.use_bfloat16
        ):  # a device without memory, on which shapes are tried, has no autocast
            return contextlib.nullcontext()
        return torch.autocast(values.device.type, torch.bfloat16)

    def _run_layers(self, values: Tensor, skipped: int | None) -> Tensor:
        for index, layer in enumerate(self.net):
            values = values if index == skipped else _through(layer, values)
        return values


def _compiled(run: Callable[[Tensor, int | None], Tensor]) -> Callable[..., Tensor]:
    """Compile for each size of inputs by itself, and as often as that is needed.

    Else what runs would depend on which sizes and mappings have come before, and a run that goes
    on from a checkpoint would not give the bytes of one that was never stopped.
    """
    from torch._dynamo import config  # noqa: PLC0415 - its import takes a second

    without_limit = config.patch(
        recompile_limit=sys.maxsize, accumulated_recompile_limit=sys.maxsize
    )
    return without_limit(torch.compile(run, dynamic=False))


def _through(layer: Function, values: Tensor) -> Tensor:
    try:
        return layer(values)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        shape, cause = tuple(values.shape), first_line(error)
        raise TrainingError(f"{layer} fails on an input of shape {shape}: {cause}") from error
