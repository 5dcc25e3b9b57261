"""The source `memory`: arrays handed over in Python."""

from dataclasses import KW_ONLY, dataclass, field
from typing import cast

from torch import Tensor

from dcrf.data.sources.outline import Outline, examples_of
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays, RawData
from dcrf.errors import OptionError


@dataclass(frozen=True, slots=True)
class Memory:
    """Arrays that the caller of `dcrf.run` hands over, on their own memory if types allow.

    dataset: the name of the arrays in `data`.
    arrays: all data handed over, by name.
    """

    dataset: str
    _: KW_ONLY
    arrays: Arrays = field(default_factory=lambda: NO_ARRAYS)

    def open(self) -> RawData:
        """Return samples and labels.

        Raises:
            OptionError: no arrays of this name are handed over.
        """
        if not self.arrays:
            raise OptionError(
                "source",
                f"no arrays are handed over; in Python call dcrf.run(method, data={{"
                f"{self.dataset!r}: samples}}), and on the command line use a source that reads "
                "files, such as npz",
            )
        if self.dataset not in self.arrays:
            raise OptionError(
                "dataset",
                f"no arrays are handed over as {self.dataset!r}, but as "
                + ", ".join(map(repr, self.arrays)),
                self.dataset,
                list(self.arrays),
            )
        return self.arrays[self.dataset]

    def outline(self) -> Outline:
        """Return the outline of the arrays.

        Raises:
            OptionError: no arrays of this name are handed over.
        """
        raw = self.open()
        samples = cast(Tensor, raw.samples)
        examples = examples_of(samples.shape[1:], samples.dtype)
        return Outline(len(samples), examples, raw.labels is not None, raw.notes)
