"""The constant schedule, which a plain number is short for."""

from dcrf.schedules.base import Schedule


class Constant(Schedule):
    """The same value in every iteration.

    Formula:
        v(t) = fixed_value

    Args:
        fixed_value: the value.
    """

    def __init__(self, fixed_value: float) -> None:
        super().__init__()
        self.value = fixed_value

    @property
    def final(self) -> float:
        """The value."""
        return self.value

    def after(self, done: int) -> float:
        """Return the value."""
        return self.value
