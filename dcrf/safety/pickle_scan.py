"""Scan the pickle in an untrusted file of tensors before torch loads it.

`torch.load(weights_only=True)` runs no code, but a pickle can still

- exhaust memory: a `bytearray` of any size,
- never terminate: a tuple that holds another one twice, nested 60 times, is hashed 2**60 times,
- overflow the C stack: deeply nested tuples.

The scan follows the stack of the unpickler, but keeps only the nesting depth of each value.
"""

import pickletools
from typing import Any, NamedTuple

from dcrf.errors import DataError
from dcrf.safety.limits import PICKLE_LEVELS

_TYPES = (
    *("Float", "Double", "Half", "BFloat16", "ComplexFloat", "ComplexDouble"),
    *("Long", "Int", "Short", "Char", "Byte", "Bool"),
)
_TENSORS = {
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    # tensors of lazy layers that have not run; torch accepts them in checkpoints only
    "torch.nn.parameter UninitializedParameter",
    "torch.nn.parameter UninitializedBuffer",
}
_NAMES = _TENSORS | {f"torch {name}Storage" for name in _TYPES}
_NAMES |= {"collections OrderedDict", "collections Counter"}

_PUTS, _GETS = {"BINPUT", "LONG_BINPUT"}, {"BINGET", "LONG_BINGET"}
_PLAIN = {"NONE", "NEWTRUE", "NEWFALSE", "BINUNICODE", "BINFLOAT"}
_PLAIN |= {"BININT", "BININT1", "BININT2", "LONG1", "BINPERSID"}
_SHORT_TUPLES = {"TUPLE1", "TUPLE2", "TUPLE3"}
_FILLS = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "BUILD"}
_CONTAINERS = _SHORT_TUPLES | _FILLS | {"TUPLE", "EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_DICT"}
_OPCODES = _PUTS | _GETS | _PLAIN | _CONTAINERS | {"PROTO", "STOP", "MARK", "GLOBAL", "REDUCE"}


class _Value(NamedTuple):
    """A value on the stack of the unpickler.

    levels: of nested containers; 0 for text, numbers, names, storages and tensors.
    repeats: whether the file may refer to it again.
    name: of a class or function.
    """

    levels: int = 0
    repeats: bool = True
    name: str = ""


_ATOM = _Value()


def check_pickle(content: bytes) -> None:
    """Raise for a pickle with more than tensors and plain values.

    Loading, hashing, comparing or printing an accepted pickle takes time and memory in proportion
    to its length: only values without parts, and tuples of up to three of them, occur repeatedly.

    Raises:
        DataError: it is nested too deeply, or has parts that no file of tensors needs.
        LookupError, ValueError: not a pickle.
    """
    stack: list[_Value] = []
    marks: list[int] = []
    memo: dict[Any, _Value] = {}
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name not in _OPCODES:
            raise DataError(f"it has the opcode {opcode.name}, which no file of tensors needs")
        if opcode.name == "MARK":
            marks.append(len(stack))
        elif opcode.name in _PUTS:
            memo[argument] = stack[-1]
        elif opcode.name in _GETS:
            if not memo[argument].repeats:
                raise DataError("it has the same container twice")
            stack.append(memo[argument])
        elif opcode.name == "GLOBAL":
            if argument not in _NAMES:
                raise DataError(f"it holds {argument!r}, which is neither a tensor nor plain")
            stack.append(_Value(name=argument))
        else:
            parts = _popped(opcode, stack, marks)
            if opcode.stack_after:
                stack.append(_result(opcode.name, parts))
        if max(len(marks), stack[-1].levels if stack else 0) > PICKLE_LEVELS:
            raise DataError(f"it has more than {PICKLE_LEVELS} levels")


def _popped(opcode: pickletools.OpcodeInfo, stack: list[_Value], marks: list[int]) -> list[_Value]:
    """Remove and return the values that an opcode takes from the stack, in their order."""
    before, begin = opcode.stack_before, len(stack)
    number = len(before)
    if pickletools.markobject in before:
        begin, number = marks.pop(), before.index(pickletools.markobject)
    if number > begin:
        raise ValueError("too few values on the stack")
    parts = stack[begin - number :]
    del stack[begin - number :]
    return parts


def _result(opcode: str, parts: list[_Value]) -> _Value:
    """Return the value that an opcode makes of its parts."""
    if opcode in _PLAIN or (opcode == "REDUCE" and parts[0].name in _TENSORS):
        return _ATOM
    levels = 1 + max((part.levels for part in parts), default=0)
    if opcode in _FILLS:  # the first part is the container
        inner = max((part.levels for part in parts[1:]), default=0)
        return _Value(max(1 + inner, parts[0].levels), repeats=False)
    return _Value(levels, repeats=opcode in _SHORT_TUPLES and levels == 1)
