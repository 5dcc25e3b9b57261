"""The source `20newsgroups`, from a cache as scikit-learn writes it."""

import codecs
import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import fetch_20newsgroups, load_files
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils import Bunch

from dcrf.data.sources import twenty_newsgroups
from dcrf.data.sources.twenty_newsgroups import TwentyNewsgroups
from dcrf.errors import DataError, OptionError

GROUPS = ("alt.atheism", "rec.autos", "sci.space")
POST = """From: someone@{group}
Subject: number {number}

> In article <1@x>, another writes:
> about {group}
The text of {number} on {group} caf\xe9.

--
A signature
"""


@pytest.fixture
def root(tmp_path):
    """A folder with a cache of 3 x 4 training posts and 3 x 2 test posts."""
    parts = {"train": range(4), "test": range(2)}
    for part, numbers in parts.items():
        for group in GROUPS:
            folder = tmp_path / "posts" / part / group
            folder.mkdir(parents=True)
            for number in numbers:
                text = POST.format(group=group, number=f"n{number}{group[:3]}")
                (folder / f"{number}").write_text(text, encoding="latin1")
    write(tmp_path, {p: load_files(tmp_path / "posts" / p, encoding="latin1") for p in parts})
    return tmp_path


def write(root, cache, protocol=pickle.DEFAULT_PROTOCOL):
    content = codecs.encode(pickle.dumps(cache, protocol), "zlib_codec")
    (root / "20news-bydate_py3.pkz").write_bytes(content)


def source(root, **options):
    return TwentyNewsgroups("20newsgroups", root=str(root), **options)


@pytest.mark.parametrize("subset", ["all", "train", "test"])
@pytest.mark.parametrize("remove", [(), ("headers",), ("headers", "footers", "quotes")])
def test_posts_are_those_of_scikit_learn(root, subset, remove):
    expected = fetch_20newsgroups(
        data_home=root, subset=subset, remove=remove, shuffle=False, download_if_missing=False
    )
    rows = TfidfVectorizer().fit_transform(expected.data).toarray()

    raw = source(root, subset=subset, removed_parts=remove).open()

    torch.testing.assert_close(raw.samples, torch.tensor(rows, dtype=torch.float32))
    assert raw.labels.tolist() == expected.target.tolist()


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_caches_of_all_protocols_are_read(root, protocol):
    expected = source(root).open()
    with (root / "20news-bydate_py3.pkz").open("rb") as file:
        cache = pickle.loads(codecs.decode(file.read(), "zlib_codec"))
    write(root, cache, protocol)

    raw = source(root).open()

    assert torch.equal(raw.samples, expected.samples)
    assert np.array_equal(raw.labels, expected.labels)


def test_the_outline_is_that_of_the_posts(root):
    raw, outline = source(root, max_features=7).open(), source(root, max_features=7).outline()

    assert outline.n_samples == len(raw.samples) == 18
    assert [e.shape for e in outline.examples] == [(7,)]
    assert (outline.has_labels, outline.notes) == (True, raw.notes)


def test_posts_without_text_are_counted(root):
    posts = Bunch(
        data=["From: me\n\nword", "From: me\n\n", "From: me\n\n"],
        filenames=np.array(["x/train/a/1", "x/train/a/2", "x\\train\\b\\3"]),
    )
    write(root, {"train": posts})

    raw = source(root, subset="train", removed_parts=["headers"], max_features=1).open()

    assert raw.labels.tolist() == [0, 0, 1]
    assert raw.ids == ["train/a/1", "train/a/2", "train/b/3"]
    assert raw.notes == (
        "2 of 3 documents have none of the terms, so all values of their samples are 0; the "
        "first: train/a/2",
    )


def test_a_missing_cache_asks_for_the_download(tmp_path):
    for use in (source(tmp_path).open, source(tmp_path).outline):
        with pytest.raises(DataError, match=r'pkz does not exist; "download": true fetches it'):
            use()


def test_before_a_download_the_number_of_posts_is_known(tmp_path):
    outline = source(tmp_path / "new", subset="test", download=True).outline()

    assert (outline.n_samples, outline.examples, outline.has_labels) == (7532, (), True)
    assert not (tmp_path / "new").exists()


def test_a_cache_that_exists_is_not_downloaded(root):
    assert len(source(root, download=True).open().samples) == 18
    assert source(root, download=True).outline().n_samples == 18


BUNCH = Bunch(data=["word"], filenames=np.array(["a/1"]))
OTHERS = {
    "nothing": b"",
    "text": b"<html>",
    "no pickle": codecs.encode(b"text", "zlib_codec"),
    "half": codecs.encode(pickle.dumps({"train": BUNCH}), "zlib_codec")[:-30],
    **{
        name: codecs.encode(pickle.dumps(value), "zlib_codec")
        for name, value in {
            "list": [1],
            "no parts": {},
            "no bunch": {"train": 1},
            "no data": {"train": Bunch(filenames=np.array(["a/1"]))},
            "no names": {"train": Bunch(data=["word"])},
            "numbers": {"train": Bunch(data=[1], filenames=np.array(["a/1"]))},
            "other lengths": {"train": Bunch(data=["a", "b"], filenames=np.array(["a/1"]))},
            "numbers as names": {"train": Bunch(data=["word"], filenames=np.array([1]))},
            "objects": {"train": Bunch(data=["word"], filenames=np.array(["a/1"], object))},
        }.items()
    },
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_file_in_place_of_the_cache_is_an_error(tmp_path, kind):
    (tmp_path / "20news-bydate_py3.pkz").write_bytes(OTHERS[kind])

    with pytest.raises(OptionError, match="cache"):
        source(tmp_path, subset="train").outline()
    with pytest.raises(DataError, match=r"data set 20newsgroups: .*cache"):
        source(tmp_path, subset="train").open()


class Harmful:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (self.trace, "w")


def test_a_cache_cannot_run_code(tmp_path):
    write(tmp_path, {"train": Harmful(str(tmp_path / "trace"))})

    with pytest.raises(DataError, match="cache"):
        source(tmp_path, subset="train").open()
    assert not (tmp_path / "trace").exists()


def test_a_cache_that_unpacks_to_too_much_is_refused(root, monkeypatch):
    monkeypatch.setattr(twenty_newsgroups, "INERT_PICKLE_BYTES", 1000)

    with pytest.raises(DataError, match="is damaged or is not the cache"):
        source(root).open()
