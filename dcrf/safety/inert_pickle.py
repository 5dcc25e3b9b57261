"""Read an untrusted pickle as inert values: no class is imported and no function is called.

The keys of dicts must be texts, so nothing deep is hashed. A pickle may refer to a value twice, and
lists and dicts may hold themselves, so readers take the values that they expect and check types.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dcrf.errors import DataError

_IGNORED = {"PROTO", "FRAME", "STOP"}
_VALUES = {
    *("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("BININT", "BININT1", "BININT2", "LONG1"),
}
_CONSTANTS: Mapping[str, Any] = MappingProxyType(
    {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
)
_EMPTY: Mapping[str, Callable[[], Any]] = MappingProxyType({"EMPTY_LIST": list, "EMPTY_DICT": dict})
_PUTS, _GETS = {"BINPUT", "LONG_BINPUT"}, {"BINGET", "LONG_BINGET"}
_TUPLES: Mapping[str, int] = MappingProxyType({"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3})


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function that the pickle names.

    text: module and name, with a dot.
    """

    text: str


@dataclass(eq=False, slots=True)
class Inert:
    """An object that the pickle asks for, without its class.

    name: the class, or the function that returns the object.
    arguments: of the call.
    items: of a dict.
    state: the attributes.
    """

    name: str
    arguments: Any
    items: dict[str, Any] = field(default_factory=dict)
    state: Any = None


def inert_values(content: bytes) -> Any:
    """Return the value of a pickle of protocol 3 to 5.

    Raises:
        DataError: it has parts that texts, numbers, lists, dicts and arrays do not need.
        LookupError, ValueError, TypeError, AttributeError: not a pickle.
    """
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}
    argument: Any
    for opcode, argument, _ in pickletools.genops(content):
        name = opcode.name
        if name in _VALUES:
            stack.append(argument)
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in _PUTS:
            memo[argument] = stack[-1]
        elif name in _GETS:
            stack.append(memo[argument])
        elif name == "MARK":
            marks.append(len(stack))
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            stack.append(tuple(_last(stack, _TUPLES[name])))
        elif name == "TUPLE":
            stack.append(tuple(_popped(stack, marks.pop())))
        elif name in ("APPEND", "APPENDS"):
            items = _last(stack, 1) if name == "APPEND" else _popped(stack, marks.pop())
            _of_type(stack[-1], list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            pairs = _last(stack, 2) if name == "SETITEM" else _popped(stack, marks.pop())
            keys = [_of_type(key, str) for key in pairs[::2]]
            target = stack[-1].items if isinstance(stack[-1], Inert) else _of_type(stack[-1], dict)
            target.update(zip(keys, pairs[1::2], strict=True))
        elif name == "GLOBAL":
            stack.append(Name(argument.replace(" ", ".")))
        elif name == "STACK_GLOBAL":
            stack.append(Name(".".join(_of_type(text, str) for text in _last(stack, 2))))
        elif name in ("REDUCE", "NEWOBJ"):
            function, arguments = _last(stack, 2)
            stack.append(Inert(_of_type(function, Name).text, arguments))
        elif name == "BUILD":
            (state,) = _last(stack, 1)
            _of_type(stack[-1], Inert).state = state
        elif name not in _IGNORED:
            raise DataError(f"it has the opcode {name}, which plain data do not need")
    (value,) = stack
    return value


def _last(stack: list[Any], count: int) -> list[Any]:
    """Remove and return the last values of the stack."""
    return _popped(stack, len(stack) - count)


def _popped(stack: list[Any], begin: int) -> list[Any]:
    """Remove and return the values of the stack from index `begin` on."""
    if begin < 0:
        raise ValueError("too few values on the stack")
    values = stack[begin:]
    del stack[begin:]
    return values


def _of_type(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} in place of a {kind.__name__}")
    return value
