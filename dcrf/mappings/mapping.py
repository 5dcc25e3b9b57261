"""A trainable mapping: named layers between functions, perhaps after another mapping."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Table
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from dcrf.errors import TrainingError

Function = Callable[[Tensor], Tensor]


class Mapping(nn.Module):
    """Runs `prior`, then `before`, the layers and `after`.

    Args:
        layers: run in sequence; their parameters are saved as `net.<index>...`.
        layer_names: name -> index in `layers`, for the layers that have one.
        prior: the mapping whose output this one takes. Its parameters stay its own.
        before, after: functions on the layers' input and output.
        softmax_layer: index of the layer that is left out where logits are wanted.
        bf16: run in bfloat16 by autocast; the output is float32 all the same.
    """

    def __init__(  # noqa: PLR0913 - each is a key of a mapping in a file
        self,
        layers: Sequence[nn.Module],
        *,
        layer_names: Table[str, int] | None = None,
        prior: "Mapping | None" = None,
        before: Sequence[Function] = (),
        after: Sequence[Function] = (),
        softmax_layer: int | None = None,
        bf16: bool = False,
    ) -> None:
        super().__init__()
        self.net = nn.Sequential(*layers)
        self.layer_names = dict(layer_names or {})
        self._prior = (prior,)  # in a tuple, so that its parameters are not registered here
        self.before, self.after = tuple(before), tuple(after)
        functions = (f for f in (*before, *after) if isinstance(f, nn.Module))
        self._functions = nn.ModuleList(functions)  # so that they know of evaluation mode
        self.softmax_layer = softmax_layer
        self.bf16 = bf16
        self._passes: dict[tuple, tuple[Tensor, Tensor]] | None = None

    @property
    def prior(self) -> "Mapping | None":
        """The mapping whose output this one takes, if any."""
        return self._prior[0]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the mapping's output, (n, ...) for inputs (n, ...)."""
        return self._shared(inputs, None)

    def log_probabilities(self, inputs: Tensor) -> Tensor:
        """Return a classifier's log-assignments, (n, k): the rows' exp sums to 1.

        They are the log-softmax of its logits, where a softmax layer is named or comes last.
        A final LogSoftmax has them already; any other output is taken for logits.
        """
        skipped = self.softmax_layer if self.softmax_layer is not None else self._last(nn.Softmax)
        values = self._shared(inputs, skipped)
        if skipped is None and self._last(nn.LogSoftmax) is not None:
            return values
        return values.log_softmax(1)

    def binary_logits(self, inputs: Tensor) -> Tensor:
        """Return a discriminator's logits: a final Sigmoid is left out."""
        return self._shared(inputs, self._last(nn.Sigmoid))

    def _last(self, kind: type[nn.Module]) -> int | None:
        """Return the index of the last step where that is a layer of this kind."""
        last = len(self.net) - 1
        return last if last >= 0 and not self.after and isinstance(self.net[last], kind) else None

    def _shared(self, inputs: Tensor, skipped: int | None) -> Tensor:
        """Run, or return what an earlier call on this very tensor gave (`shared_passes`)."""
        if self._passes is None:
            return self._run(inputs, skipped)
        key = (skipped, id(inputs), inputs._version, torch.is_grad_enabled(), self.training)
        if key not in self._passes:  # the inputs are kept, so that no other tensor gets their id
            self._passes[key] = (inputs, self._run(inputs, skipped))
        return self._passes[key][1]

    def _run(self, inputs: Tensor, skipped: int | None) -> Tensor:
        values = inputs if self.prior is None else self.prior(inputs)
        for function in self.before:
            values = function(values)
        with torch.autocast(values.device.type, torch.bfloat16, enabled=self.bf16):
            for index, layer in enumerate(self.net):
                values = values if index == skipped else _through(layer, values)
        values = values.float() if self.bf16 else values
        for function in self.after:
            values = function(values)
        return values


def _through(layer: nn.Module, values: Tensor) -> Tensor:
    try:
        return layer(values)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        shape, cause = tuple(values.shape), str(error).splitlines()[0]
        raise TrainingError(f"{layer} fails on an input of shape {shape}: {cause}") from error


@contextmanager
def shared_passes(mappings: Sequence[Mapping]) -> Iterator[None]:
    """Inside the block a mapping runs once per input tensor, however many callers ask for it.

    Results carry their graph, so gradients add up as they would over separate passes of a
    deterministic network; with Dropout a shared pass is one draw, with BatchNorm one update.
    """
    with ExitStack() as stack:
        for mapping in mappings:
            mapping._passes = {}
            stack.callback(setattr, mapping, "_passes", None)
        yield
