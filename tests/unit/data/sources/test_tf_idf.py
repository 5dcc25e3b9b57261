"""TF-IDF against its formula, widths before the text is read, and large corpora."""

import json
import math
from collections import Counter

import numpy as np
import pytest
import torch

from dcrf.data.sources import tf_idf
from dcrf.data.sources.tf_idf import Texts, TfIdf
from dcrf.errors import DataError

DOCUMENTS = [
    "The cat sat, the cat slept.",
    "A dog sat; the DOG barked at the cat",
    "Dogs and cats: enemies? a b c",
    "birds sing and sing and sing",
]


def reference(documents, max_features, min_df, norm, sublinear):
    """Weights by the formula, one number at a time."""
    counts = [
        Counter(w for w in "".join(c if c.isalnum() else " " for c in d.lower()).split() if w[1:])
        for d in documents
    ]
    terms = sorted({term for count in counts for term in count})
    df = {term: sum(term in count for count in counts) for term in terms}
    total = {term: sum(count[term] for count in counts) for term in terms}
    terms = [term for term in terms if df[term] >= min_df]
    terms = sorted(sorted(terms, key=lambda term: (-total[term], term))[:max_features])
    rows = []
    for count in counts:
        tf = [(1 + math.log(count[t]) if sublinear else count[t]) if count[t] else 0 for t in terms]
        row = [
            n * (math.log((1 + len(documents)) / (1 + df[term])) + 1)
            for n, term in zip(tf, terms, strict=True)
        ]
        length = {
            "none": 1,
            "l1": sum(row),
            "l2": math.sqrt(sum(x * x for x in row)),
            "root_mean_square": math.sqrt(sum(x * x for x in row) / len(row)),
        }[norm]
        rows.append([x / (length or 1) for x in row])
    return torch.tensor(rows)


@pytest.mark.parametrize("norm", ["none", "l1", "l2", "root_mean_square"])
@pytest.mark.parametrize(
    ("max_features", "min_df", "sublinear"), [(2000, 1, False), (3, 1, True), (2000, 2, True)]
)
def test_weights_are_those_of_the_formula(max_features, min_df, norm, sublinear):
    weights = TfIdf(max_features, min_df, norm=norm, sublinear_tf=sublinear)

    samples = weights.fit_transform(DOCUMENTS).samples

    expected = reference(DOCUMENTS, max_features, min_df, norm, sublinear)
    assert samples.dtype == torch.float32
    torch.testing.assert_close(samples, expected, rtol=1e-6, atol=1e-7)


def texts(documents):
    return Texts(documents, len(documents), None, False, lambda index: f"document {index}")


def test_a_weight_by_hand():
    weights = TfIdf(norm="none").fit_transform(["aa bb aa", "bb"]).samples

    assert weights.tolist() == [[pytest.approx(2 * (math.log(3 / 2) + 1)), 1], [0, 1]]


def test_the_root_mean_square_of_rows_is_1():
    samples = TfIdf(norm="root_mean_square").fit_transform(DOCUMENTS).samples

    torch.testing.assert_close(samples.square().mean(1), torch.ones(4))


def test_stop_words_are_no_terms():
    assert TfIdf().n_terms(["the cat and the dog"]) == 4
    assert TfIdf(stop_words="english").n_terms(["the cat and the dog"]) == 2


@pytest.mark.parametrize("max_features", [1, 3, 12, 2000])
@pytest.mark.parametrize("min_df", [1, 2])
@pytest.mark.parametrize("stop_words", ["none", "english"])
def test_the_number_of_terms_is_that_of_the_weights(max_features, min_df, stop_words):
    weights = TfIdf(max_features, min_df, stop_words)

    assert weights.n_terms(DOCUMENTS) == weights.fit_transform(DOCUMENTS).samples.shape[1]


def test_documents_are_read_until_the_number_of_terms_is_known():
    documents = iter(DOCUMENTS)

    assert TfIdf(max_features=4).n_terms(documents) == 4
    assert list(documents) == DOCUMENTS[1:]


def test_the_number_of_terms_of_long_texts_is_unknown(monkeypatch):
    monkeypatch.setattr(tf_idf, "TEXT_OUTLINE_BYTES", 40)

    assert TfIdf().n_terms(DOCUMENTS) is None
    assert TfIdf(max_features=3).n_terms(DOCUMENTS) == 3


def test_a_document_of_too_many_characters_is_named(monkeypatch):
    monkeypatch.setattr(tf_idf, "DOCUMENT_CHARACTERS", 27)
    texts = Texts(DOCUMENTS, 4, None, False, "abcd".__getitem__)

    for use in (TfIdf().data, TfIdf().outline):
        with pytest.raises(
            DataError, match="b: the document has more than 27 characters; split it"
        ):
            use(texts)


def test_documents_without_terms_are_found():
    rows = TfIdf().fit_transform(["", "cat", "a ?", "dog"])

    assert rows.empty.tolist() == [0, 2]
    assert rows.samples[0].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("options", "documents"),
    [
        ({}, []),
        ({}, ["", "a"]),
        ({"stop_words": "english"}, ["the"]),
        ({"min_df": 2}, ["cat", "dog"]),
        ({"min_df": 3}, ["cat", "cat"]),
    ],
)
def test_documents_without_any_term_are_an_error(options, documents):
    for use in (TfIdf(**options).fit_transform, TfIdf(**options).n_terms):
        with pytest.raises(DataError, match=r"no word .*occurs in \d documents \(min_df\)"):
            use(documents)


def test_rows_beyond_the_memory_stay_sparse(monkeypatch):
    dense = TfIdf().fit_transform(DOCUMENTS).samples
    monkeypatch.setattr(tf_idf, "SAMPLES_IN_MEMORY_BYTES", dense.nbytes - 1)

    sparse = TfIdf().fit_transform(DOCUMENTS).samples

    assert not isinstance(sparse, torch.Tensor)
    assert len(sparse) == len(dense)
    assert torch.equal(torch.stack([sparse[i] for i in range(4)]), dense)
    assert torch.equal(sparse[np.int64(2)], dense[2])


@pytest.mark.parametrize("norm", ["none", "l1", "l2", "root_mean_square"])
@pytest.mark.parametrize("sublinear", [False, True])
def test_new_documents_get_the_terms_and_weights_of_the_training_documents(norm, sublinear):
    weights = TfIdf(max_features=8, norm=norm, sublinear_tf=sublinear)
    raw = weights.data(texts(DOCUMENTS))
    saved = json.loads(json.dumps(raw.encoding))

    again = TfIdf().data_like(texts(DOCUMENTS[::-1]), saved)

    assert torch.equal(again.samples, raw.samples.flip(0))
    assert again.columns == raw.columns == sorted(raw.columns)
    one = TfIdf().data_like(texts([DOCUMENTS[1]]), saved)
    assert torch.equal(one.samples[0], raw.samples[1])


def test_new_documents_without_any_known_term_are_noted():
    raw = TfIdf().data(texts(DOCUMENTS))
    new = TfIdf().data_like(texts(["cat", "xylophone"]), raw.encoding)

    assert new.samples[1].tolist() == [0] * len(raw.columns)
    assert new.notes == (
        "1 of 2 documents have none of the terms, so all values of their samples are 0; the first: "
        "document 1",
    )
