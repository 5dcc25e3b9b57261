"""Documents as rows of TF-IDF weights, by scikit-learn."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from torch import Tensor

from dcrf.data.sources.outline import Outline, examples_of
from dcrf.data.sources.raw_data import Encoding, RawData, Samples
from dcrf.errors import DataError
from dcrf.safety.limits import DOCUMENT_CHARACTERS, SAMPLES_IN_MEMORY_BYTES, TEXT_OUTLINE_BYTES
from dcrf.safety.terminal_text import escaped

StopWords = Literal["none", "english"]
Norm = Literal["none", "l1", "l2", "root_mean_square"]

_FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Texts:
    """Documents.

    documents: N texts, which may be read anew in each iteration.
    n_samples: N; None if the documents have not been counted.
    labels: (N,) int64; None without labels, or if the documents have not been counted.
    has_labels: None if unknown.
    name: index of a document -> its name for messages.
    notes: sentences for the user about the documents.
    ids: the names of the documents in results; None if they have none.
    """

    documents: Iterable[str]
    n_samples: int | None
    labels: np.ndarray | None
    has_labels: bool | None
    name: Callable[[int], str]
    notes: tuple[str, ...] = ()
    ids: Sequence[str] | None = None

    def __iter__(self) -> Iterator[str]:
        """Yield the documents.

        Raises:
            DataError: a document cannot be read, or has more than `DOCUMENT_CHARACTERS`.
        """
        for index, document in enumerate(self.documents):
            if len(document) > DOCUMENT_CHARACTERS:
                raise DataError(
                    f"{escaped(self.name(index))}: the document has more than "
                    f"{DOCUMENT_CHARACTERS} characters; split it"
                )
            yield document


class Terms(NamedTuple):
    """The terms of training documents, with which new documents are weighted alike.

    terms: d words, sorted.
    idf: (d,) float32, their factors.
    norm, sublinear_tf: as in `TfIdf`.
    """

    terms: Sequence[str]
    idf: np.ndarray
    norm: Norm
    sublinear_tf: bool

    def as_json(self) -> Encoding:
        """Return the terms as JSON, which `terms_of` reads."""
        return {**self._asdict(), "terms": list(self.terms), "idf": self.idf.tolist()}


def terms_of(encoding: Encoding) -> Terms:
    """Read terms.

    Raises:
        DataError: they are damaged.
    """
    try:
        terms = Terms(**encoding)
        idf = np.asarray(terms.idf, np.float32)
        is_sound = (
            isinstance(terms.terms, list)
            and all(isinstance(term, str) for term in terms.terms)
            and idf.shape == (len({*terms.terms}),)
            and bool(np.isfinite(idf).all())
            and terms.norm in get_args(Norm)
        )
        if not is_sound:
            raise ValueError("terms, idf or norm")
    except (TypeError, ValueError) as error:
        raise DataError(f"the encoding of the run is damaged ({error})") from error
    return terms._replace(idf=idf)


class Rows(NamedTuple):
    """The weights of documents.

    samples: (N, d) float32, or a sequence of such rows if they exceed `SAMPLES_IN_MEMORY_BYTES`.
    empty: (m,) indices of documents without any of the d terms, whose weights are 0.
    terms: the d terms.
    """

    samples: Samples
    empty: np.ndarray
    terms: Terms


@dataclass(frozen=True, slots=True)
class TfIdf:
    """Weights of terms in documents, fitted on the documents.

    The terms are words of at least two letters or digits, in lower case. A term that occurs `tf`
    times in a document has the weight `tf * (ln((1 + N) / (1 + df)) + 1)`, for `df` of N documents
    that have the term.

    max_features: number of terms; those that occur most often in all documents are kept, of equally
        frequent ones the first of the alphabet.
    min_df: number of documents in which a term must occur.
    stop_words: the language of frequent words that are not terms.
    norm: of each row. `root_mean_square` is `l2` times sqrt(d), so that squares have the mean 1.
    sublinear_tf: whether `tf` is replaced by `1 + ln(tf)`.

    Source: "DEC" (arXiv:1511.06335) takes 2,000 terms, `root_mean_square` and `sublinear_tf`,
    according to the code of its authors.
    """

    max_features: int = 2000
    min_df: int = 1
    stop_words: StopWords = "none"
    norm: Norm = "l2"
    sublinear_tf: bool = False

    def data(self, texts: Texts) -> RawData:
        """Return the weights of documents with their labels.

        Raises:
            DataError: a document cannot be read, or no term occurs in `min_df` documents.
        """
        rows = self.fit_transform(texts)
        return _raw_data(rows, texts, self._notes(len(rows.terms.terms)))

    def data_like(self, texts: Texts, encoding: Encoding) -> RawData:
        """Return the weights of new documents, with the terms of the training documents.

        Raises:
            DataError: a document cannot be read, or the encoding is damaged.
        """
        terms = terms_of(encoding)
        counter = CountVectorizer(vocabulary=list(terms.terms))
        counts = counter.transform(texts).astype(np.float32)
        return _raw_data(_weighted(counts, terms), texts)

    def outline(self, texts: Texts) -> Outline:
        """Return the outline of `data`; documents are read only until the terms are counted.

        Raises:
            DataError: a document cannot be read, or no term occurs in `min_df` documents.
        """
        n_terms = self.n_terms(texts)
        if n_terms is None:
            return Outline(texts.n_samples, (), texts.has_labels, texts.notes)
        examples = examples_of((n_terms,), torch.float32)
        notes = (*texts.notes, *self._notes(n_terms))
        return Outline(texts.n_samples, examples, texts.has_labels, notes)

    def fit_transform(self, documents: Iterable[str]) -> Rows:
        """Return the weights of documents.

        Raises:
            DataError: no term occurs in `min_df` documents.
        """
        counter = self._counter()
        try:
            counts = counter.fit_transform(documents)
        except ValueError as error:  # of an empty vocabulary
            raise self._no_terms() from error
        totals = np.asarray(counts.sum(axis=0)).ravel()
        kept = np.sort(np.argsort(-totals, kind="stable")[: self.max_features])
        counts = counts[:, kept].astype(np.float32)
        idf = TfidfTransformer().fit(counts).idf_.astype(np.float32)
        terms = counter.get_feature_names_out()[kept].tolist()
        return _weighted(counts, Terms(terms, idf, self.norm, self.sublinear_tf))

    def n_terms(self, documents: Iterable[str]) -> int | None:
        """Return d, the number of terms of documents, which are read only until it is known.

        Return None if it is unknown after `TEXT_OUTLINE_BYTES`.

        Raises:
            DataError: no term occurs in `min_df` documents.
        """
        analyze = self._counter().build_analyzer()
        n_documents_with: Counter[str] = Counter()
        n_terms = n_characters = 0
        for document in documents:
            n_characters += len(document)
            if n_characters > TEXT_OUTLINE_BYTES:
                return None
            terms = set(analyze(document))
            n_documents_with.update(terms)
            n_terms += sum(n_documents_with[term] == self.min_df for term in terms)
            if n_terms >= self.max_features:
                return self.max_features
        if not n_terms:
            raise self._no_terms()
        return n_terms

    def _counter(self) -> CountVectorizer:
        stop_words = None if self.stop_words == "none" else self.stop_words
        return CountVectorizer(min_df=self.min_df, stop_words=stop_words)

    def _notes(self, n_terms: int) -> tuple[str, ...]:
        """Return a note if the documents have fewer than `max_features` terms."""
        if n_terms == self.max_features:
            return ()
        return (
            f"the documents have {n_terms} terms, fewer than max_features ({self.max_features}), "
            f"so samples have the shape ({n_terms},)",
        )

    def _no_terms(self) -> DataError:
        words = "word" if self.stop_words == "none" else "word other than a stop word"
        return DataError(f"no {words} of two letters occurs in {self.min_df} documents (min_df)")


def _weighted(counts: csr_matrix, terms: Terms) -> Rows:
    """Return the weights of documents with these counts (N, d) of terms."""
    norm = {"none": None, "root_mean_square": "l2"}.get(terms.norm, terms.norm)
    transformer = TfidfTransformer(norm=norm, sublinear_tf=terms.sublinear_tf)
    transformer.idf_ = terms.idf
    weights = transformer.transform(counts)
    n_documents, n_terms = weights.shape
    if terms.norm == "root_mean_square":
        weights *= np.float32(n_terms**0.5)
    is_small = _FLOAT32_BYTES * n_documents * n_terms <= SAMPLES_IN_MEMORY_BYTES
    samples = torch.from_numpy(weights.toarray()) if is_small else SparseRows(weights)
    return Rows(samples, np.flatnonzero(np.diff(weights.indptr) == 0), terms)


def _raw_data(rows: Rows, texts: Texts, notes: tuple[str, ...] = ()) -> RawData:
    notes = (*texts.notes, *notes)
    if n_empty := len(rows.empty):
        notes += (
            f"{n_empty} of {len(rows.samples)} documents have none of the terms, so all values "
            f"of their samples are 0; the first: {escaped(texts.name(rows.empty[0]))}",
        )
    terms = rows.terms
    return RawData(rows.samples, texts.labels, notes, (), texts.ids, terms.terms, terms.as_json())


class SparseRows:
    """The rows of a sparse matrix as tensors.

    Args:
        matrix: (N, d) float32.
    """

    def __init__(self, matrix: csr_matrix) -> None:
        self._matrix = matrix

    def __len__(self) -> int:
        return self._matrix.shape[0]

    def __getitem__(self, index: int) -> Tensor:
        """Return row `index`, (d,) float32."""
        row = torch.zeros(self._matrix.shape[1])
        begin, end = self._matrix.indptr[index : index + 2]
        columns = torch.from_numpy(self._matrix.indices[begin:end]).long()
        row[columns] = torch.from_numpy(self._matrix.data[begin:end])
        return row
