"""Whether the pickle in a file of tensors may be given to torch: it is looked through, not run.

torch runs no code of a file that it loads as weights only. But such a file can still name what
takes all memory or never ends, or hold a few tuples that unfold into more than can be gone through.
"""

import pickletools
from collections.abc import Callable
from typing import Any, NamedTuple

from dcrf.errors import DataError
from dcrf.safety.limits import PICKLE_LEVELS

_TYPES = (
    *("Float", "Double", "Half", "BFloat16", "ComplexFloat", "ComplexDouble"),
    *("Long", "Int", "Short", "Char", "Byte", "Bool"),
)
_STORAGES = frozenset(f"torch {kind}Storage" for kind in _TYPES)
_WITHOUT_SIZE = frozenset(
    f"torch.nn.parameter Uninitialized{kind}" for kind in ("Parameter", "Buffer")
)
"""Tensors of lazy layers yet to run; torch takes them in checkpoints only."""
_TENSORS = _WITHOUT_SIZE | {"torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"}
_TABLES = frozenset({"collections OrderedDict", "collections Counter"})
_GLOBALS = _STORAGES | _TENSORS | _TABLES


class _Value(NamedTuple):
    """What is known of a value on the stack.

    levels: of containers in one another; 0 for text, numbers, globals, storages and tensors.
    repeats: whether it may stand in the file again, as a reference.
    name: of a global.
    """

    levels: int = 0
    repeats: bool = True
    name: str = ""


_ATOM = _Value()
_EMPTY = _Value(levels=1, repeats=False)


def check_pickle(content: bytes) -> None:
    """Raise for a pickle that holds more than tensors and plain values.

    What passes takes time and memory in proportion to its length when it is loaded, hashed,
    compared or printed: of what was there before it repeats only values without parts, and tuples
    of up to three of them, so it unfolds into at most four values per opcode.

    Raises:
        DataError: it is too deep, or has what no file of tensors needs.
        LookupError, ValueError: it is no pickle.
    """
    stacks = _Stacks()
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name not in _STEPS:
            raise DataError(f"it has the opcode {opcode.name}, which no file of tensors needs")
        _STEPS[opcode.name](stacks, argument)
        if stacks.levels > PICKLE_LEVELS:
            raise DataError(f"it has more than {PICKLE_LEVELS} levels")


class _Stacks:
    """Does with what is known of values what an unpickler does with them.

    under: the stacks below the open marks.
    top: the stack that is worked on.
    memo: what may be referred to.
    """

    def __init__(self) -> None:
        self.under: list[list[_Value]] = []
        self.top: list[_Value] = []
        self.memo: dict[int, _Value] = {}

    @property
    def levels(self) -> int:
        """Levels of the last value, or of the open marks."""
        return max(len(self.under), self.top[-1].levels if self.top else 0)

    def mark(self, _: Any) -> None:
        """Begin a list of items."""
        self.under.append(self.top)
        self.top = []

    def remember(self, slot: int) -> None:
        """Take note of the last value, so that it can be referred to."""
        self.memo[slot] = self.top[-1]

    def repeat(self, slot: int) -> None:
        """Refer to a value."""
        value = self.memo[slot]
        if not value.repeats:
            raise DataError("it has the same container twice")
        self.top.append(value)

    def name(self, name: str) -> None:
        """Name a global."""
        if name not in _GLOBALS:
            raise DataError(f"it holds {name!r}, which is neither a tensor nor a plain value")
        self.top.append(_Value(name=name))

    def call(self, _: Any) -> None:
        """Make a tensor or a table."""
        given, function = self.top.pop(), self.top.pop()
        if function.name not in _TENSORS | _TABLES:
            raise DataError("it calls what is no function")
        is_table = function.name in _TABLES
        self.top.append(_Value(1 + given.levels, repeats=False) if is_table else _ATOM)

    def load(self, _: Any) -> None:
        """Turn the description of a storage into the storage."""
        self.top[-1] = _ATOM

    def marked(self) -> list[_Value]:
        """Return what has come since the last mark."""
        items, self.top = self.top, self.under.pop()
        return items

    def last(self, number: int) -> list[_Value]:
        """Return the last values."""
        return [self.top.pop() for _ in range(number)]

    def bind(self, items: list[_Value], *, repeats: bool) -> None:
        """Make a tuple of items."""
        levels = 1 + max((item.levels for item in items), default=0)
        self.top.append(_Value(levels, repeats and levels == 1))

    def fill(self, items: list[_Value]) -> None:
        """Put items into the container that is there."""
        if not self.top[-1].levels:
            raise DataError("it puts something into what is no container")
        levels = max(item.levels for item in [*items, _ATOM])
        self.top[-1] = _Value(max(1 + levels, self.top[-1].levels), repeats=False)


def _pushes(value: _Value) -> Callable[[_Stacks, Any], None]:
    return lambda stacks, _: stacks.top.append(value)


_STEPS: dict[str, Callable[[_Stacks, Any], None]] = {
    **dict.fromkeys(("NONE", "NEWTRUE", "NEWFALSE", "BINUNICODE", "BINFLOAT"), _pushes(_ATOM)),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1"), _pushes(_ATOM)),
    **dict.fromkeys(("EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_DICT"), _pushes(_EMPTY)),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Stacks.remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Stacks.repeat),
    **dict.fromkeys(("PROTO", "STOP"), lambda stacks, _: None),
    "MARK": _Stacks.mark,
    "GLOBAL": _Stacks.name,
    "REDUCE": _Stacks.call,
    "BINPERSID": _Stacks.load,
    "TUPLE": lambda stacks, _: stacks.bind(stacks.marked(), repeats=False),
    "TUPLE1": lambda stacks, _: stacks.bind(stacks.last(1), repeats=True),
    "TUPLE2": lambda stacks, _: stacks.bind(stacks.last(2), repeats=True),
    "TUPLE3": lambda stacks, _: stacks.bind(stacks.last(3), repeats=True),
    "APPENDS": lambda stacks, _: stacks.fill(stacks.marked()),
    "SETITEMS": lambda stacks, _: stacks.fill(stacks.marked()),
    "APPEND": lambda stacks, _: stacks.fill(stacks.last(1)),
    "SETITEM": lambda stacks, _: stacks.fill(stacks.last(2)),
    "BUILD": lambda stacks, _: stacks.fill(stacks.last(1)),
}
