"""Trainable mappings: a sequence of layers, between functions and after a prior mapping."""

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcrf.batch import with_presence
from dcrf.errors import TrainingError, first_line
from dcrf.mappings.absent_objects import SetPass, present_objects
from dcrf.mappings.forward_cache import CachedModule
from dcrf.mappings.pool_indices import PoolPass
from dcrf.parallel.rows import bounds, gather, own_rows
from dcrf.parallel.whole_batch import WholeBatch, can_split
from dcrf.parallel.world import World, current

Function = Callable[[Tensor], Tensor]
Outputs = tuple[Tensor, Mapping[int, Tensor]]
"""The output of a mapping, and the kept outputs of its layers by index."""

_RESHAPES = (nn.Flatten, nn.Unflatten, nn.Identity)
_SIGMOIDS = (torch.sigmoid, F.sigmoid)


class TrainableMapping(CachedModule):
    """Runs `prior`, then the functions `before`, the layers, and the functions `after`.

    Args:
        layers: run in sequence. Files hold their parameters as `<name>...`, those of layers
            without a name as `net.<index>...`.
        layer_names: name -> index in `layers`, for named layers.
        prior: the mapping whose output is the input of this one. Its parameters stay its own.
        before, after: functions of the layers' input and output.
        softmax_layer: index of the layer that is skipped to obtain logits.
        use_bfloat16: run the layers in bfloat16 by autocast; the output is float32.
        compiled: run the layers by torch.compile if gradients are enabled.
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
        self._prior = (prior,)  # a tuple, so that its parameters are not registered here
        self.before, self.after = tuple(before), tuple(after)
        functions = (f for f in (*before, *after) if isinstance(f, nn.Module))
        self._functions = nn.ModuleList(functions)  # registered to follow train() and eval()
        self.softmax_layer = softmax_layer
        self.use_bfloat16, self.compiled = use_bfloat16, compiled
        self._training_run = _compiled(self._run_layers) if compiled else self._run_layers
        self._kept: frozenset[int] = frozenset()

    @property
    def prior(self) -> "TrainableMapping | None":
        """The mapping whose output is the input of this one, or None."""
        return self._prior[0]

    @property
    def names_in_files(self) -> dict[str, str]:
        """Name of each tensor of a named layer -> its name in files: `<layer>.weight`.

        So a layer that is inserted before leaves it as it is. A name that another tensor has, too,
        in files or here, is not used.
        """
        layers = {str(index): name for name, index in self.layer_names.items()}
        state = self.state_dict()
        names = {}
        for tensor in state:
            _, index, inner = tensor.split(".", 2)
            if index in layers:
                names[tensor] = f"{layers[index]}.{inner}"
        number = Counter(names.values())
        return {t: name for t, name in names.items() if number[name] == 1 and name not in state}

    def chain(self) -> Iterator["TrainableMapping"]:
        """Yield this mapping and all that run before it, the last one first."""
        yield self
        if self.prior is not None:
            yield from self.prior.chain()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the output (n, ...) for inputs (n, ...)."""
        return self._run_cached(inputs, skipped=None)

    def keep_outputs(self, layers: Sequence[str]) -> None:
        """Keep the outputs of named layers in every run, for `outputs_of`."""
        self._kept |= {self.layer_names[name] for name in layers}

    def outputs_of(self, inputs: Tensor, layers: Sequence[str]) -> list[Tensor]:
        """Return the outputs (n, ...) of named layers that `keep_outputs` has been told of."""
        _, outputs = self._run_all(inputs, skipped=None)
        return [outputs[self.layer_names[name]] for name in layers]

    def log_probabilities(self, inputs: Tensor) -> Tensor:
        """Return the log-assignments (n, k) of a classifier; every row's exp sums to 1.

        They are the log-softmax of its logits: the output without `softmax_layer`, or without a
        final Softmax. The output of a final LogSoftmax is returned as it is. Any other output
        counts as logits. Layers that only reshape may follow.
        """
        skipped = self.softmax_layer if self.softmax_layer is not None else self._final(nn.Softmax)
        values = self._run_cached(inputs, skipped)
        if skipped is None and self._final(nn.LogSoftmax) is not None:
            return values
        return values.log_softmax(1)

    def binary_logits(self, inputs: Tensor) -> Tensor:
        """Return the logits of a discriminator, or of binary samples: without a final Sigmoid.

        Layers that only reshape may follow the Sigmoid. Any other output counts as logits.

        Raises:
            TrainingError: a final sigmoid cannot be left out, since it is a function, stands within
                a sequence of layers, or a function follows it.
        """
        skipped = self._final(nn.Sigmoid)
        if skipped is None and self._ends_with_sigmoid():
            raise TrainingError(
                f"the logits of {self.net} are needed, but its final sigmoid cannot be left out: "
                "write it as a layer of its own after the others, without functions"
            )
        return self._run_cached(inputs, skipped)

    def _final(self, kind: type[nn.Module]) -> int | None:
        """Return the index of the last layer that does more than reshape, if it is of this kind.

        None if a function follows.
        """
        index = self._last_index()
        is_final = index is not None and not self.after and isinstance(self.net[index], kind)
        return index if is_final else None

    def _last_index(self) -> int | None:
        """Return the index of the last layer that does more than reshape its input."""
        numbered = reversed([*enumerate(self.net)])
        return next((i for i, layer in numbered if not isinstance(layer, _RESHAPES)), None)

    def _ends_with_sigmoid(self) -> bool:
        """Whether a function is a sigmoid, or the last layer is one, also of a sequence."""
        if any(getattr(function, "function", function) in _SIGMOIDS for function in self.after):
            return True
        return isinstance(_last_layer(self.net), nn.Sigmoid)

    def _run_cached(self, inputs: Tensor, skipped: int | None) -> Tensor:
        return self._run_all(inputs, skipped)[0]

    def _run_all(self, inputs: Tensor, skipped: int | None) -> Outputs:
        return self.cached(inputs, lambda: self._run(inputs, skipped), skipped)

    def _run(self, inputs: Tensor, skipped: int | None) -> Outputs:
        values = inputs if self.prior is None else self.prior(inputs)
        with PoolPass(values) as pool_pass, SetPass(values) as set_pass:
            outputs, kept = self._run_parts(values, skipped)
            return set_pass.kept_with(pool_pass.kept_with(outputs)), kept

    def _run_parts(self, values: Tensor, skipped: int | None) -> Outputs:
        """Run the functions `before`, the layers, and the functions `after`."""
        for function in self.before:
            values = _apply(function, values)
        world = current()
        if world is not None and self._is_shared(values, world):
            values, kept = self._run_shared(values, skipped, world)
        else:
            run = self._training_run if torch.is_grad_enabled() else self._run_layers
            values, kept = self._run_in_precision(run, values, skipped)
        for function in self.after:
            values = _apply(function, values)
        return values, kept

    def _is_shared(self, values: Tensor, world: World) -> bool:
        """Whether the processes of a run share the rows, of which each then has one at least."""
        return not values.is_meta and len(values) >= world.size and can_split(self.net)

    def _run_shared(self, values: Tensor, skipped: int | None, world: World) -> Outputs:
        """Run the layers on the own rows of this process, and gather the rows of all."""
        n = len(values)
        own, is_present = own_rows(values, world), present_objects()
        if is_present is not None:
            own = with_presence(own, is_present[bounds(n, world)])
        with SetPass(own), WholeBatch(world):
            outputs, kept = self._run_in_precision(self._run_layers, own, skipped)
        if any(len(rows) != len(own) for rows in (outputs, *kept.values())):
            raise TrainingError(f"{self.net} has another number of outputs than of inputs")
        whole = {index: gather(rows, n, world) for index, rows in kept.items()}
        return gather(outputs, n, world), whole

    def _run_in_precision(
        self, run: Callable[[Tensor, int | None], Outputs], values: Tensor, skipped: int | None
    ) -> Outputs:
        with self._autocast(values):
            values, kept = run(values, skipped)
        if self.use_bfloat16:
            values, kept = values.float(), {index: output.float() for index, output in kept.items()}
        return values, kept

    def _autocast(self, values: Tensor) -> contextlib.AbstractContextManager[object]:
        if not self.use_bfloat16:  # torch.autocast rejects the meta device, even if disabled
            return contextlib.nullcontext()
        return torch.autocast(values.device.type, torch.bfloat16)

    def _run_layers(self, values: Tensor, skipped: int | None) -> Outputs:
        kept = {}
        for index, layer in enumerate(self.net):
            values = values if index == skipped else _apply(layer, values)
            if index in self._kept:
                kept[index] = values
        return values, kept


def _compiled(run: Callable[[Tensor, int | None], Outputs]) -> Callable[..., Outputs]:
    """Compile anew for each input size, without a limit on recompilations.

    Otherwise the compiled code depends on the sizes and mappings before, and a resumed run is not
    byte-identical to an uninterrupted one.
    """
    from torch._dynamo import config  # noqa: PLC0415 - its import takes a second

    without_limit = config.patch(
        recompile_limit=sys.maxsize, accumulated_recompile_limit=sys.maxsize
    )
    return without_limit(torch.compile(run, dynamic=False))


def _apply(layer: Function, values: Tensor) -> Tensor:
    try:
        return layer(values)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        shape, cause = tuple(values.shape), first_line(error)
        raise TrainingError(f"{layer} fails on an input of shape {shape}: {cause}") from error


def _last_layer(layers: nn.Sequential) -> nn.Module | None:
    """Return the last layer that does more than reshape, also within sequences at the end."""
    for layer in reversed([*layers]):
        last = _last_layer(layer) if isinstance(layer, nn.Sequential) else layer
        if last is not None and not isinstance(last, _RESHAPES):
            return last
    return None
