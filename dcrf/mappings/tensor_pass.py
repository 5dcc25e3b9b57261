"""A pass of a mapping in which its layers can read what travels with its input."""

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class TensorPass(Generic[T]):
    """Sets a context variable inside a block.

    Args:
        variable: that layers read.
        value: of the variable during the pass.
    """

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self._variable, self._value = variable, value
        self._token: Token[T] | None = None

    def __enter__(self) -> Self:
        """Start the pass."""
        self._token = self._variable.set(self._value)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Return to the pass around this one."""
        if self._token is not None:
            self._variable.reset(self._token)
