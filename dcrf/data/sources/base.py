"""The interface of data sources."""

from collections.abc import Mapping
from typing import Any, Protocol

from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import RawData

Options = Mapping[str, Any]


class Source(Protocol):
    """A data set, or one part of it, that has not been read.

    The module `dcrf.data.sources.<stem>` has one public class with this interface. Its constructor
    takes the name of the data set and the options of the method file, and reads nothing.
    """

    def open(self) -> RawData:
        """Return samples and labels.

        Raises:
            DataError: they cannot be read.
        """
        ...

    def outline(self) -> Outline:
        """Return number, shape and type of the samples without reading them.

        Files of arrays are read up to their headers; folders of images are listed.

        Raises:
            DataError: the data set cannot be used.
            OptionError: one of its options is wrong.
        """
        ...
