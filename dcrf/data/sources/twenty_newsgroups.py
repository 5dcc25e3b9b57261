"""The source `20newsgroups`: posts to 20 newsgroups as rows of TF-IDF weights."""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from sklearn.datasets import fetch_20newsgroups

from dcrf.data.sources.arrays import naming
from dcrf.data.sources.outline import Outline
from dcrf.data.sources.raw_data import Encoding, RawData
from dcrf.data.sources.tf_idf import Norm, StopWords, Texts, TfIdf
from dcrf.errors import DataError, OptionError
from dcrf.safety.inert_pickle import Inert, inert_values
from dcrf.safety.limits import INERT_PICKLE_BYTES
from dcrf.safety.reading_errors import READING_ERRORS
from dcrf.storage.atomic_files import waiting_lock

Subset = Literal["all", "train", "test"]

_CACHE = "20news-bydate_py3.pkz"
_PARTS: Mapping[Subset, tuple[str, ...]] = MappingProxyType(
    {"all": ("train", "test"), "train": ("train",), "test": ("test",)}
)
_SIZES: Mapping[str, int] = MappingProxyType({"all": 18846, "train": 11314, "test": 7532})
_SEPARATORS = re.compile(r"[\\/]")
_QUOTING = re.compile(r"(writes in|writes:|wrote:|says:|said:|^In article|^Quoted from|^\||^>)")


@dataclass(frozen=True, slots=True)
class TwentyNewsgroups:
    """The 20 newsgroups data set (version "bydate") from scikit-learn's cache.

    Posts have the order of `sklearn.datasets.fetch_20newsgroups(shuffle=False)`. Labels are the
    indices of the newsgroups in alphabetical order.

    dataset: the name for errors.
    root: the folder of the cache, `data_home` in scikit-learn.
    subset: `train`, `test`, or `all` with the training posts first.
    removed_parts: parts of the posts to remove: `headers`, `footers`, `quotes`.
    download: whether to download the data set if the cache is missing.
    max_features, min_df, stop_words, norm, sublinear_tf: as in `TfIdf`.
    """

    dataset: str
    _: KW_ONLY
    root: str
    subset: Subset = "all"
    removed_parts: Sequence[str] = ()
    download: bool = False
    max_features: int = 2000
    min_df: int = 1
    stop_words: StopWords = "none"
    norm: Norm = "l2"
    sublinear_tf: bool = False

    def open(self) -> RawData:
        """Read the cache, which is downloaded if it is missing and `download` is true.

        Raises:
            DataError: the cache is missing or damaged, or the download fails.
        """
        with naming(f"data set {self.dataset}"):
            self._fetch_if_missing()
            return self._tf_idf.data(self._posts())

    def open_like(self, encoding: Encoding) -> RawData:
        """Read posts, such as the test set, with the terms of the training documents.

        Raises:
            DataError: as for `open`, or the encoding is damaged.
        """
        with naming(f"data set {self.dataset}"):
            self._fetch_if_missing()
            return self._tf_idf.data_like(self._posts(), encoding)

    def documents(self) -> Texts:
        """Return the posts.

        Raises:
            DataError: they cannot be read.
        """
        return self._posts()

    def outline(self) -> Outline:
        """Return the outline that the cache gives.

        Raises:
            OptionError: the cache is missing or damaged.
        """
        if self.download and not self._cache.exists():
            return Outline(_SIZES[self.subset], (), has_labels=True)
        try:
            return self._tf_idf.outline(self._posts())
        except OptionError:
            raise
        except DataError as error:
            raise OptionError("root", str(error)) from error

    @property
    def _cache(self) -> Path:
        return Path(self.root) / _CACHE

    @property
    def _tf_idf(self) -> TfIdf:
        return TfIdf(self.max_features, self.min_df, self.stop_words, self.norm, self.sublinear_tf)

    def _posts(self) -> Texts:
        if not self._cache.is_file():
            raise OptionError(
                "root",
                f'{self._cache} does not exist; "download": true fetches it, and so does '
                "sklearn.datasets.fetch_20newsgroups(data_home=root)",
            )
        return _posts_of(_cached(self._cache), _PARTS[self.subset], self.removed_parts)

    def _fetch_if_missing(self) -> None:
        if not self.download or self._cache.exists():
            return
        try:
            with waiting_lock(Path(self.root)):
                if not self._cache.exists():  # another run may have fetched it meanwhile
                    fetch_20newsgroups(data_home=self.root)
        except READING_ERRORS as error:
            raise DataError(f"the download to {self.root} failed ({error})") from error


def _cached(file: Path) -> Mapping[str, Any]:
    """Return part -> its data, from the compressed pickle of scikit-learn.

    Raises:
        DataError: the file is damaged, has other content, or exceeds `INERT_PICKLE_BYTES`.
    """
    try:
        content = zlib.decompressobj().decompress(file.read_bytes(), INERT_PICKLE_BYTES)
        parts = inert_values(content)
    except (DataError, *READING_ERRORS) as error:
        raise DataError(
            f"{file} is damaged or is not the cache of scikit-learn ({error}); remove it, and "
            '"download": true fetches it again'
        ) from error
    return parts if isinstance(parts, dict) else {}


def _posts_of(
    cache: Mapping[str, Any], parts: Sequence[str], removed_parts: Sequence[str]
) -> Texts:
    """Return the posts of some parts of the data set.

    Raises:
        DataError: the cache has other content.
    """
    documents: list[str] = []
    names: list[str] = []
    for part in parts:
        try:
            items = cache[part].items
            texts, paths = items["data"], _texts_of_array(items["filenames"])
        except READING_ERRORS as error:
            raise DataError(f"the cache has no posts in its part {part} ({error})") from error
        if not all(isinstance(text, str) for text in texts) or len(texts) != len(paths):
            raise DataError(f"the part {part} of the cache does not hold texts with file names")
        documents += texts
        names += [f"{part}/{'/'.join(_SEPARATORS.split(path)[-2:])}" for path in paths]
    for kind in removed_parts:
        documents = [_REMOVERS[kind](text) for text in documents]
    groups = [name.split("/")[1] for name in names]
    labels = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return Texts(documents, len(documents), labels, True, names.__getitem__, ids=names)


def _texts_of_array(array: Inert) -> list[str]:
    """Return the texts of a pickled array (N,) of numpy."""
    if array.name.endswith("._frombuffer"):  # protocol 5
        content, dtype, *_ = array.arguments
    else:
        _, _, dtype, _, content = array.state
    (code, *_), (_, order, *_) = dtype.arguments, dtype.state
    if not re.fullmatch(r"[<>|]U[1-9]\d{0,4}", f"{order}{code}"):
        raise ValueError("an array of another type than text")
    return np.frombuffer(content, np.dtype(order + code)).tolist()


def _without_header(post: str) -> str:
    """Return the text after the first blank line."""
    return post.partition("\n\n")[2]


def _without_footer(post: str) -> str:
    """Return the text before the last line that is blank or made of hyphens, if it is not first."""
    lines = post.strip().split("\n")
    marks = [i for i, line in enumerate(lines) if not line.strip().strip("-")]
    return "\n".join(lines[: marks[-1]]) if marks and marks[-1] > 0 else post


def _without_quotes(post: str) -> str:
    """Return the lines that neither quote nor introduce a quotation."""
    return "\n".join(line for line in post.split("\n") if not _QUOTING.search(line))


_REMOVERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"headers": _without_header, "footers": _without_footer, "quotes": _without_quotes}
)
"""Part of a post -> function that removes it, as `sklearn.datasets.fetch_20newsgroups` does."""
