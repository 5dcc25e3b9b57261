"""The source `text`: folders of documents and CSV files."""

import csv

import pytest
import torch

from dcrf.data.sources import text as module
from dcrf.data.sources.text import Text
from dcrf.data.sources.tf_idf import TfIdf
from dcrf.errors import DataError, OptionError

DOCUMENTS = ["The cat sat.", "A dog, barking", 'say "hi"\nthe end', "caf\xe9 and tea"]


def folder(root, *names, encoding="utf-8"):
    for name, document in zip(names, DOCUMENTS, strict=False):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(document, encoding=encoding)
    return root


def table(path, *columns, encoding="utf-8", **options):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, **options).writerows(zip(*columns, strict=True))
    return path


@pytest.fixture
def labeled(tmp_path):
    """A CSV file of documents with the labels 1, 0, 1, 2."""
    return table(tmp_path / "a.csv", ["class", *"bacd"], ["id", *"1234"], ["text", *DOCUMENTS])


def source(path, **options):
    return Text("own", path=str(path), **options)


EXPECTED = TfIdf().fit_transform(DOCUMENTS).samples


def test_the_files_of_a_folder_are_documents(tmp_path):
    raw = source(folder(tmp_path, "1.txt", "2.txt", "3.txt", "4.txt")).open()

    assert torch.equal(raw.samples, EXPECTED)
    assert raw.labels is None


def test_sub_folders_are_classes(tmp_path):
    root = folder(tmp_path, "a/1.txt", "a/2.txt", "b/1.txt", "c/1.txt")

    assert torch.equal(source(root).open().samples, EXPECTED)
    assert source(root).open().labels.tolist() == [0, 0, 1, 2]
    assert source(root).open().ids == ["a/1.txt", "a/2.txt", "b/1.txt", "c/1.txt"]
    assert source(root, classes=False).open().labels is None


def test_a_column_of_a_csv_file_has_documents(labeled):
    raw = source(labeled, text_column="text").open()

    assert torch.equal(raw.samples, EXPECTED)
    assert raw.labels is None


def test_labels_are_indices_of_sorted_names(labeled):
    raw = source(labeled, text_column="text", label_column="class").open()

    assert raw.labels.tolist() == [1, 0, 2, 3]


def test_integers_stay_labels_and_ids_are_texts(tmp_path):
    path = table(tmp_path / "a.csv", ["y", *"7477"], ["text", *DOCUMENTS], ["id", *"wxyz"])
    raw = source(path, text_column="text", label_column="y", id_column="id").open()

    assert raw.labels.tolist() == [7, 4, 7, 7]
    assert raw.ids == ["w", "x", "y", "z"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_files_of_all_encodings_are_read(tmp_path, encoding):
    table(tmp_path / "a.csv", ["text", *DOCUMENTS], encoding=encoding)
    folder(tmp_path / "texts", "1.txt", "2.txt", "3.txt", "4.txt", encoding=encoding)
    option = encoding.removesuffix("-sig")

    in_column = source(tmp_path / "a.csv", text_column="text", encoding=option)

    assert torch.equal(in_column.open().samples, EXPECTED)
    assert torch.equal(source(tmp_path / "texts", encoding=option).open().samples, EXPECTED)


def test_other_delimiters_separate_columns(tmp_path):
    path = table(tmp_path / "a.tsv", ["text", *DOCUMENTS], ["x", *"1234"], delimiter="\t")

    assert torch.equal(source(path, text_column="text", delimiter="\t").open().samples, EXPECTED)


@pytest.mark.parametrize("options", [{}, {"max_features": 4, "min_df": 1, "sublinear_tf": True}])
def test_outlines_are_those_of_the_open_data(tmp_path, labeled, options):
    folders = folder(tmp_path / "texts", "a/1.txt", "a/2.txt", "b/1.txt", "b/notes.md")
    sources = [
        source(folders, **options),
        source(folders, classes=False, **options),
        source(labeled, text_column="text", **options),
        source(labeled, text_column="text", label_column="class", **options),
    ]
    for one in sources:
        raw, outline = one.open(), one.outline()

        assert outline.n_samples == len(raw.samples)
        assert [e.shape for e in outline.examples] == [raw.samples[0].shape]
        assert outline.has_labels == (raw.labels is not None)
        assert outline.notes == raw.notes


def test_long_files_are_not_counted_before_the_run(labeled, monkeypatch):
    monkeypatch.setattr(module, "TEXT_OUTLINE_BYTES", 10)
    outline = source(labeled, text_column="text", label_column="class", max_features=3).outline()

    assert (outline.n_samples, outline.has_labels) == (None, True)
    assert outline.examples[0].shape == (3,)


def test_documents_without_words_are_counted_and_named(tmp_path):
    path = table(tmp_path / "a.csv", ["text", "a word", "two\nlines", "? !", ""])
    root = folder(tmp_path / "texts", "1.txt")
    (root / "2.txt").write_text("")

    notes = source(path, text_column="text").open().notes
    assert "2 of 4 documents have none of the terms" in notes[-1]
    assert notes[-1].endswith("the first: line 5")
    assert source(root).open().notes[-1].endswith("the first: 2.txt")


PROBLEMS = {
    "no column is named": ({}, "text_column", "the file has: class, id, text"),
    "an unknown column": ({"text_column": "texts"}, "text_column", "no column texts"),
    "an unknown label": (
        {"text_column": "text", "label_column": "y"}, "label_column", "no column y; the file has",
    ),
    "an unknown id": ({"text_column": "text", "id_column": "no"}, "id_column", "no column no"),
    "classes of a file": ({"text_column": "text", "classes": True}, "classes", "is a file"),
    "another delimiter": ({"text_column": "text", "delimiter": ";"}, "text_column", "no column"),
    "too rare words": ({"text_column": "text", "min_df": 5}, "path", "occurs in 5 documents"),
}  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS)
def test_options_that_do_not_fit_are_problems(labeled, problem):
    options, key, message = PROBLEMS[problem]

    with pytest.raises(OptionError, match=message) as caught:
        source(labeled, **options).outline()
    assert caught.value.key == key
    with pytest.raises(DataError, match=message):
        source(labeled, **options).open()


def test_an_unknown_column_knows_the_others(labeled):
    with pytest.raises(OptionError) as caught:
        source(labeled, text_column="texts").outline()

    assert (caught.value.value, caught.value.known) == ("texts", ("class", "id", "text"))


BROKEN = {
    "empty": (b"", "no column text"),
    "no rows": (b"text,y\n", "no rows below"),
    "ragged": (b"text,y\na word,1\nb, c,2\n", "line 3 has 3 fields, and the first row 2; quote"),
    "short": (b"text,y\na word\n", "line 2 has 1 fields"),
    "no label": (b"text,y\na word,1\nb,\n", "line 3: the field is empty"),
    "two columns": (b"text,y,y\na,b,c\n", "2 columns y"),
    "open quote": (b'text,y\n"a word,1\n', "cannot be read"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00", "is not encoded as utf-8"),
    "latin": (b"text,y\ncaf\xe9,1\n", 'is not encoded as utf-8 .*"latin-1"'),
    "escapes": (b"\x1b[2J,y\n", r"has: \\x1b\[2J, y"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_csv_files_are_errors(tmp_path, kind):
    content, message = BROKEN[kind]
    (tmp_path / "a.csv").write_bytes(content)
    broken = source(tmp_path / "a.csv", text_column="text", label_column="y")

    for use in (broken.outline, broken.open):
        with pytest.raises(DataError, match=message):
            use()


def test_a_document_of_another_encoding_is_named(tmp_path):
    root = folder(tmp_path, "1.txt", "2.txt", "3.txt", "4.txt", encoding="latin-1")

    for use in (source(root).open, source(root).outline):
        with pytest.raises(DataError, match=r"4\.txt is not encoded as utf-8"):
            use()


def test_columns_are_not_those_of_a_folder(tmp_path):
    with pytest.raises(OptionError, match="only CSV files have columns") as caught:
        source(folder(tmp_path, "1.txt"), text_column="text").outline()
    assert caught.value.key == "text_column"


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"data set own in .*does not exist"):
        source(tmp_path / "nowhere", text_column="text").open()
    with pytest.raises(OptionError, match="does not exist"):
        source(tmp_path / "nowhere").outline()


def test_texts_beyond_the_limits_are_refused(tmp_path, labeled, monkeypatch):
    root = folder(tmp_path / "texts", "1.txt", "2.txt")
    monkeypatch.setattr(module, "TEXT_BYTES", 20)

    with pytest.raises(DataError, match="more than 20 bytes"):
        source(root).open()
    with pytest.raises(DataError, match="at most 20 are read"):
        source(labeled, text_column="text").open()


def test_a_field_of_too_many_characters_is_refused(labeled, monkeypatch):
    before = csv.field_size_limit()
    monkeypatch.setattr(module, "DOCUMENT_CHARACTERS", 10)

    with pytest.raises(DataError, match="field larger than field limit"):
        source(labeled, text_column="text").open()
    assert csv.field_size_limit() == before


def test_new_documents_may_be_in_a_folder_or_a_file_of_one_column(tmp_path):
    table(tmp_path / "a.csv", ["text", *DOCUMENTS], ["id", "1", "2", "3", "4"])
    trained = source(tmp_path / "a.csv", text_column="text", id_column="id")
    raw = trained.open()
    options = {"text_column": "text", "id_column": "id"}

    folder(tmp_path / "texts", "1.txt", "2.txt", "3.txt", "4.txt")
    table(tmp_path / "b.csv", ["other name", DOCUMENTS[2]])
    in_folder = source(tmp_path / "texts", **options).open_like(raw.encoding)
    in_file = source(tmp_path / "b.csv", **options).open_like(raw.encoding)

    assert torch.equal(in_folder.samples, raw.samples)
    assert torch.equal(in_file.samples, raw.samples[2:3])
    assert in_file.ids is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognized_by_the_named_columns(tmp_path, delimiter):
    lines = [["id", "text"], *([str(i), text] for i, text in enumerate(["a cat", "two dogs"] * 2))]
    (tmp_path / "a.csv").write_text("".join(delimiter.join(line) + "\n" for line in lines))

    raw = source(tmp_path / "a.csv", text_column="text", id_column="id").open()

    assert raw.ids == ["0", "1", "2", "3"]


def test_a_csv_file_without_a_header_has_numbered_columns(tmp_path):
    path = table(tmp_path / "a.csv", [*"1234"], DOCUMENTS)
    declared = source(path, text_column="column_2", id_column="column_1", has_header=False).open()
    recognized = source(path, text_column="column_2", id_column="column_1").open()

    assert declared.samples.equal(EXPECTED)
    assert declared.ids == recognized.ids == [*"1234"]
    assert recognized.samples.equal(EXPECTED)


def test_a_declared_header_is_no_document(tmp_path):
    path = table(tmp_path / "a.csv", ["text", *DOCUMENTS])

    assert source(path, text_column="text", has_header=True).open().samples.equal(EXPECTED)
    with pytest.raises(DataError, match="no column column_1; the file has: text"):
        source(path, text_column="column_1", has_header=True).open()
