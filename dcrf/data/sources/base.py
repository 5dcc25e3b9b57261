"""The interface of data sources."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import Encoding, RawData

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


@runtime_checkable
class EncodingSource(Protocol):
    """A source that fits values to its data, such as a vocabulary or the mean of a column.

    `open` returns them as `RawData.encoding`. The schema names their kind, `x-encoding`: sources of
    one kind read each other's.
    """

    def open_like(self, encoding: Encoding) -> RawData:
        """Return new data, encoded with the values that were fitted to earlier data.

        Names of samples may be missing.

        Raises:
            DataError: the data cannot be read, do not fit the encoding, or it is damaged.
        """
        ...


@runtime_checkable
class TextSource(Protocol):
    """A source whose samples are weights of the terms of documents."""

    def documents(self) -> Iterable[str]:
        """Yield the documents in the order of the samples.

        Raises:
            DataError: they cannot be read.
        """
        ...


@runtime_checkable
class SuggestingSource(Protocol):
    """A source that suggests options for a method file that is made for its data."""

    def suggested(self) -> Options:
        """Return options that suit the data, beside those that are given.

        A list has the values that are given, and more.

        Raises:
            OptionError: the data cannot be used without an option that only the user knows.
        """
        ...
