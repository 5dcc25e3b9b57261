import csv
import gzip
import math
import random

import numpy as np
import pytest
import torch

from dcrf.data.sources import tables
from dcrf.data.sources.load import open_data, outline_data, suggested_options
from dcrf.errors import DataError, OptionError
from tests.unit.config.methods import dec, load, problem


@pytest.fixture
def file(tmp_path):
    return tmp_path / "table.csv"


def read(file, content, **options):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_data("csv", "table", {"path": str(file), **options})


def refusal(file, content, **options):
    """The message, after the check that the outline says the same."""
    with pytest.raises(DataError) as raised:
        read(file, content, **options)
    with pytest.raises(OptionError) as outlined:
        outline_data("csv", "table", {"path": str(file), **options})
    assert str(outlined.value).removeprefix(f"{file}: ") in str(raised.value)
    return str(raised.value).removeprefix(f"data set table in {file}: ")


def test_values_are_those_of_the_file(file):
    raw = read(file, "a,b\n1,2.5\n-3e2,.25\n")

    assert raw.samples.dtype == torch.float32
    assert raw.samples.tolist() == [[1, 2.5], [-300, 0.25]]
    assert (raw.labels, raw.ids, raw.notes) == (None, None, ())


def test_labels_are_numbered_in_sorted_order_and_ids_are_kept(file):
    content = "id,y,x\nr1,dog,1\nr2, cat,2\nr3,dog ,3\n"
    raw = read(file, content, label_column="y", id_column="id")

    assert raw.samples.tolist() == [[1], [2], [3]]
    assert raw.labels.tolist() == [1, 0, 1]
    assert raw.ids == ["r1", "r2", "r3"]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ("3 7 3 -1", [3, 7, 3, -1]),
        ("1.0 2.0 1.0 2", [1, 2, 1, 2]),
        ("10 9 x 9", [0, 1, 2, 1]),
        ("1.5 2.5 1.5 2.5", [0, 1, 0, 1]),
        ("1e99 1 1 1", [1, 0, 0, 0]),
    ],
)
def test_integer_labels_keep_their_numbers(file, labels, classes):
    rows = "".join(f"{label},0\n" for label in labels.split())

    assert read(file, "y,x\n" + rows, label_column="y").labels.tolist() == classes


def test_columns_are_chosen_by_name_in_their_order(file):
    raw = read(file, "a,b,c,d\n1,2,3,x\n4,5,6,y\n", columns=["c", "a"], label_column="d")

    assert raw.samples.tolist() == [[3, 1], [6, 4]]
    assert raw.labels.tolist() == [0, 1]


def test_an_id_may_be_a_sample_too(file):
    raw = read(file, "a,b\n1,2\n3,4\n", columns=["a", "b"], id_column="a")

    assert raw.samples.tolist() == [[1, 2], [3, 4]]
    assert raw.ids == ["1", "3"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_delimiters_are_recognized(file, delimiter):
    rows = [["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]]
    content = "".join(delimiter.join(row) + "\n" for row in rows)

    assert read(file, content).samples.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_space_between_words_is_not_a_delimiter(file):
    content = "review\nvery good\nrather bad\nquite good\n"

    assert "'very good' is not a number" in refusal(file, content, has_header=True)


def test_a_column_alone_needs_no_delimiter(file):
    assert read(file, "x\n1\n2\n").samples.tolist() == [[1], [2]]
    assert read(file, "7\n8\n9\n").samples.tolist() == [[7], [8], [9]]


def test_a_delimiter_may_be_written(file):
    assert read(file, "a:b\n1:2\n", delimiter=":").samples.tolist() == [[1, 2]]
    assert "'1,2' is not a number" in refusal(file, "a,b\n1,2\n", delimiter=";")


def test_text_with_other_delimiters_in_it_does_not_mislead(file):
    content = 'name;x;y\n"Doe, J., Jr.";1;2\n"Roe, R., Sr.";3;4\n'

    assert read(file, content, id_column="name").ids == ["Doe, J., Jr.", "Roe, R., Sr."]


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("5.1,3.5,round\n4.9,3.0,flat\n", [5.1, 3.5]),  # no header: numbers above numbers
        ("1,2,round\n3,4,flat\n", [1, 2]),
        ("width,height,kind\n5.1,3.5,round\n", [5.1, 3.5]),
        ("0,1,2,3\n9,9,9,x\n8,8,8,x\n", [9, 9, 9]),  # as pandas writes unnamed columns
        (",0,1,2\n0,9,8,x\n1,7,6,y\n", [0, 9, 8]),
    ],
)
def test_a_header_is_recognized(file, content, first):
    names = content.split("\n")[0].split(",")
    label = names[-1] if names[-1] in ("kind", "2", "3") else f"column_{len(names)}"
    raw = read(file, content, label_column=label)

    assert raw.samples[0].tolist() == pytest.approx(first)


def test_a_header_may_be_declared(file):
    content = "1,2\n3,4\n5,6\n"

    assert read(file, content).samples.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert read(file, content, has_header=True).samples.tolist() == [[3, 4], [5, 6]]
    assert read(file, content, columns=["1"]).samples.tolist() == [[3], [5]]
    assert "row 1 (line 1), column 'column_1': 'a'" in refusal(file, "a,b\n1,2\n", has_header=False)


def test_columns_without_a_name_have_a_number(file):
    raw = read(file, ",x\na,1\nb,2\n", id_column="column_1")

    assert (raw.ids, raw.samples.tolist()) == (["a", "b"], [[1], [2]])


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
        b"a,b\r\n1,2\r\n3,4\r\n",
        b"a,b\r1,2\r3,4\r",
        b"a,b\n\n1,2\n\n\n3,4",
        b'"a","b"\n"1","2"\n"3","4"\n',
        b"a, b\n1, 2\n3, 4\n",
        gzip.compress(b"a,b\n1,2\n3,4\n", mtime=0),
    ],
)
def test_ways_to_write_a_file(file, content):
    raw = read(file, content, columns=["b", "a"])

    assert raw.samples.tolist() == [[2, 1], [4, 3]]


def test_quoted_text_may_hold_anything(file):
    raw = read(file, 'id,x\n"a, ""b""\nc",1\nd,2\n', id_column="id")

    assert raw.ids == ['a, "b"\nc', "d"]


def test_text_among_numbers_is_told_with_row_line_and_column(file):
    assert refusal(file, "a,b\n1,2\n\n3,tall\n").startswith(
        "row 2 (line 4), column 'b': 'tall' is not a number; "
        '"categorical_columns": ["b"] reads categories, '
        '"id_column": "b" the names of rows, "label_column": "b" known classes'
    )
    rows = "".join(f"{i},{i}\n" for i in range(9000)) + "1,x\n"
    assert (
        "column 'b': 1 of the 809 values in rows 8193 to 9001 is not a number, first 'x' in row "
        "9001 (line 9002); correct it"
    ) in refusal(file, "a,b\n" + rows)


def test_few_texts_among_numbers_are_counted(file):
    rows = [f"{i},{i}\n" for i in range(30)]
    few = "".join([*rows[:4], "abc,4\n", "def,5\n", *rows[6:]])
    many = "".join([*rows[:4], *["abc,4\n"] * 4, *rows[8:]])

    assert (
        "column 'a': 2 of the 30 values in rows 1 to 30 are not numbers, first 'abc' in row 5 "
        "(line 6); correct them, or leave them empty as missing"
    ) in refusal(file, "a,b\n" + few)
    assert "row 5 (line 6), column 'a': 'abc'" in refusal(file, "a,b\n" + many)


def test_a_decimal_comma_is_explained(file):
    content = "a;b\n1,5;2,5\n3,5;4,5\n"

    assert refusal(file, content).endswith(
        "'1,5' is not a number; write numbers with a decimal point"
    )
    assert "separators of thousands" in refusal(file, 'a,b\n"1,000.5",2\n')


def test_long_text_is_cut(file):
    assert len(refusal(file, "a,b\n1,2\n3," + "x" * 9000 + "\n")) < 300


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3\n", "row 2 (line 3) has 1 fields, but the header has 2, separated by ','"),
        ("a,b\n1,2\n3,4\n5,6,7\n", "row 3 (line 4) has 3 fields, but the header has 2"),
        ("1,2\n3,4\n5\n", "row 3 (line 3) has 1 fields, but the first row has 2"),
        (
            "a,b\nr,1,2\ns,3,4\n",
            "has 3 fields, but the header has 2, separated by ','; if the first",
        ),
    ],
)
def test_ragged_rows_are_told_with_their_line(file, content, message):
    assert message in refusal(file, content)


@pytest.mark.parametrize("text", ["", "NA", "n/a", "NaN", "nan", "NULL", "None", "?", "-", "  "])
def test_missing_values_are_refused_and_counted(file, text):
    message = refusal(file, f"a,b,c\n1,2,3\n{text},{text},4\n{text},5,6\n")

    assert message.startswith(
        "missing values: 2 in column 'a', 1 in column 'b'; the first one is in row 2; "
    )
    assert '"missing_values": "mean"' in message


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("mean", [[1, 2], [4, 4], [7, 3], [4, 3]]),
        ("median", [[1, 2], [4, 4], [7, 3], [4, 3]]),
        ("drop_rows", [[1, 2], [4, 4]]),
    ],
)
def test_missing_values_may_be_replaced_or_dropped(file, policy, expected):
    raw = read(file, "a,b\n1,2\n4,4\n7,\n,\n", missing_values=policy)

    assert raw.samples.tolist() == expected
    (note,) = raw.notes
    assert note == {
        "drop_rows": "2 of 4 rows have missing values and are dropped; the ids of the others "
        "without a column of ids are their numbers",
    }.get(policy, f"replaced by the {policy} of their column: 1 in column 'a', 2 in column 'b'")


def test_mean_and_median_differ_and_are_those_of_the_present_values(file):
    content = "a\n" + "\n".join(["1", "2", "9", "NA"]) + "\n"

    assert read(file, content, missing_values="mean").samples[3] == 4
    assert read(file, content, missing_values="median").samples[3] == 2


def test_rows_without_a_label_are_refused_or_dropped_with_their_ids(file):
    content = "id,x,y\na,1,u\nb,2,\nc,3,v\n"
    options = {"label_column": "y", "id_column": "id"}

    assert "1 in column 'y'; the first one is in row 2" in refusal(file, content, **options)
    assert "1 labels are missing in column 'y'" in refusal(
        file, content, missing_values="mean", **options
    )
    raw = read(file, content, missing_values="drop_rows", **options)
    assert (raw.samples.tolist(), raw.labels.tolist(), raw.ids) == ([[1], [3]], [0, 1], ["a", "c"])


def test_a_column_without_any_value_cannot_be_replaced(file):
    content = "a,b,c\n1,,3\n2,,4\n"

    for policy in ("refuse", "mean"):
        message = refusal(file, content, missing_values=policy)
        assert message == "no row has a value in 'b'; name the other columns: a, c"
    assert read(file, content, columns=["a", "c"]).samples.tolist() == [[1, 3], [2, 4]]
    assert "no row with all values" in refusal(file, content, missing_values="drop_rows")


def test_two_columns_of_samples_with_one_name_are_refused(file):
    message = refusal(file, "a,a,b\n1,2,3\n4,5,6\n")

    assert message == "2 columns are called 'a'; rename all but one"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
def test_a_file_may_have_another_encoding(file, encoding):
    content = "größe,b\n1,2\n3,4\n".encode(encoding)
    raw = read(file, content, encoding=encoding)

    assert raw.columns == ["größe", "b"]
    assert raw.samples.tolist() == [[1, 2], [3, 4]]


def test_the_line_of_another_encoding_is_named_with_the_key(file):
    message = refusal(file, b"a,b\n1,2\n" * 2000 + b"3,\xf6\n")

    assert message.startswith("not UTF-8: byte 0xf6 in line 4001; save it as UTF-8")
    assert '"encoding" names its encoding' in message


def test_numbers_that_float32_makes_equal_are_noted(file):
    rows = [f"{10**15 + number},{number},{10**18 + number}" for number in range(9)]
    (note,) = read(file, "\n".join(["time,b,id", *rows]), columns=["time", "id"]).notes

    assert note.endswith("fewer than 256 different values in their range: 'time', 'id'; subtract a "
                         "constant in the file")  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cause"),
    [("inf", "inf is not finite"), ("-Infinity", "-inf is not finite"), ("1e39", "too large for")],
)
@pytest.mark.parametrize("policy", ["refuse", "mean", "drop_rows"])
def test_infinite_values_are_refused_whatever_missing_values_says(file, text, cause, policy):
    message = refusal(file, f"a,b\n1,2\n3,{text}\n", missing_values=policy)

    assert "row 2, column 'b'" in message
    assert cause in message


def test_an_unknown_column_is_told_with_the_right_one(tmp_path, file):
    for key, value in (("label_column", "kind"), ("columns", ["kind"]), ("id_column", "kind")):
        file.write_text("width,kinds\n1,a\n2,b\n")
        with pytest.raises(OptionError) as raised:
            outline_data("csv", "table", {"path": str(file), key: value})
        assert (raised.value.key, raised.value.value) == (key, "kind")
        assert raised.value.known == ("width", "kinds")
        assert "no column 'kind'; the table has: 'width', 'kinds'" in str(raised.value)


def test_columns_that_contradict_each_other_are_refused(file):
    content = "a,b,b\n1,2,3\n4,5,6\n"

    assert "2 columns are called 'b'" in refusal(file, content, label_column="b")
    assert "holds the labels" in refusal(file, content, columns=["a"], label_column="a")
    assert "no column is left" in refusal(file, "a\n1\n2\n", label_column="a")
    assert read(file, content, columns=["a"]).samples.shape == (2, 1)


def test_constant_columns_and_labels_that_are_none_are_noted(file):
    rows = "".join(f"{i},7,{i / 8}\n" for i in range(10))
    raw = read(file, "a,b,y\n" + rows, label_column="y")

    assert raw.notes == (
        "the same value in all rows: 'b'",
        "column 'y' has 10 different labels in 10 rows",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no rows"),
        (b"\n\n", "no rows"),
        (b"a,b\n", "no row"),
        (b"a,b\n1,\xe9\n", "not UTF-8: byte 0xe9"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + b"0" * 100, "workbook"),
        (b'a,b\n1,"2\n3,4\n', "unexpected end of data"),
        (b'a,b\n1,"2"3\n', "line 2: "),
        (gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-20], "cannot be read"),
    ],
)
def test_other_content_is_refused_with_a_sentence(file, content, message):
    assert message in refusal(file, content)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        for use in (open_data, outline_data):
            with pytest.raises(DataError, match=r"not a regular file|does not exist"):
                use("csv", "table", {"path": str(path)})


def test_of_large_files_only_rows_are_counted(file, monkeypatch):
    monkeypatch.setattr(tables, "TABLE_CHECKED_BYTES", 10)
    file.write_text('a,b,y\n1,"2",u\n3,4,v\n5,6,"v\nv"\n')
    options = {"path": str(file), "label_column": "y"}

    outline = outline_data("csv", "table", options)

    assert (outline.n_samples, outline.has_labels) == (3, True)
    assert outline.examples[0].shape == (2,)
    assert (
        outline_data("csv", "table", {**options, "missing_values": "drop_rows"}).n_samples is None
    )
    with pytest.raises(OptionError) as raised:
        outline_data("csv", "table", {**options, "label_column": "z"})
    assert raised.value.key == "label_column"


def test_random_tables_are_read_as_they_were_written(file):
    draw = random.Random(0)
    for _ in range(40):
        n_rows, n_columns = draw.randint(1, 60), draw.randint(1, 6)
        kinds = [draw.random, lambda: draw.randint(-9, 9), lambda: 1e-30]
        table = [[draw.choice(kinds)() for _ in range(n_columns)] for _ in range(n_rows)]
        labels = [draw.choice(["a b", 'c"d', "e;f", "g\nh"]) for _ in range(n_rows)]
        with file.open("w", newline="") as stream:
            dialect = {"delimiter": draw.choice(",;\t|"), "quoting": draw.choice([0, 1])}
            writer = csv.writer(stream, lineterminator=draw.choice(["\n", "\r\n"]), **dialect)
            writer.writerow([f"x{i}" for i in range(n_columns)] + ["y"])
            writer.writerows([*row, label] for row, label in zip(table, labels, strict=True))
        options = {"path": str(file), "label_column": "y"}
        raw = open_data("csv", "table", options)

        assert np.array_equal(raw.samples.numpy(), np.array(table, np.float32))
        assert raw.labels.tolist() == np.unique(labels, return_inverse=True)[1].tolist()
        assert outline_data("csv", "table", options).n_samples == n_rows


def test_values_are_rounded_as_numpy_does(file):
    values = [math.pi * 10**e for e in range(-30, 30)]
    raw = read(file, "x\n" + "\n".join(map(repr, values)) + "\n")

    assert np.array_equal(raw.samples[:, 0].numpy(), np.array(values, np.float32))


def test_a_data_set_is_named_after_its_file(tmp_path):
    for name, expected in (("flowers.csv", "flowers"), ("a.b.csv.gz", "a.b")):
        (tmp_path / name).write_text("a\n1\n")
        method = dec()
        del method["datasets"][0]["dataset"]
        method["datasets"][0] |= {"source": "csv", "path": name}
        assert load(tmp_path, method).datasets[0].name == expected

    method["datasets"][0]["delimiter"] = ",,"
    assert "unknown value ',,'" in problem(tmp_path, method).found


def test_rows_that_are_left_keep_their_numbers_as_ids(file):
    raw = read(file, "a,b\n1,2\n4,\n7,8\n", missing_values="drop_rows")

    assert list(raw.ids) == ["1", "3"]


MIXED = """\
name,color,size,weight
a,red,1,2.5
b,blue,,3.5
c,NA,2,
d,red,1,6
"""


def new_rows(file, content, raw, **options):
    file.write_text(content)
    return open_data("csv", "new", {"path": str(file), **options}, encoding=raw.encoding)


def test_categories_become_columns_of_0_and_1(file):
    content = "color,x,shape\nred,1,round\nblue,2,flat\nred,3,round\n"
    raw = read(file, content, categorical_columns=["shape", "color"])

    assert raw.columns == ["color=blue", "color=red", "x", "shape=flat", "shape=round"]
    assert raw.samples.tolist() == [[0, 1, 1, 0, 1], [1, 0, 2, 1, 0], [0, 1, 3, 0, 1]]
    assert raw.notes == ("categories, each a column of 0 and 1: 2 in 'color', 2 in 'shape'",)


def test_numbers_can_be_categories_and_all_columns_categories(file):
    raw = read(file, "zip\n10\n9\n10\n", categorical_columns=["zip"])

    assert raw.columns == ["zip=10", "zip=9"]
    assert raw.samples.tolist() == [[1, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize(("policy", "weight", "size"), [("mean", 4, 4 / 3), ("median", 3.5, 1)])
def test_new_rows_get_the_values_of_the_training_data(file, policy, weight, size):
    options = {"id_column": "name", "categorical_columns": ["color"], "missing_values": policy}
    raw = read(file, MIXED, **options)
    new = new_rows(file, "weight,color,size\n9,violet,\n,blue,5\n8,,7\n,violet,1\n", raw, **options)

    assert raw.columns == ["color=blue", "color=red", "size", "weight"]
    assert raw.samples[2].tolist() == [0, 1, 2, weight]
    expected = [[0, 0, size, 9], [1, 0, 5, weight], [0, 1, 7, 8], [0, 0, 1, weight]]
    assert torch.allclose(new.samples, torch.tensor(expected, dtype=torch.float32))
    assert new.ids is None  # new rows need no names
    assert new.notes == (
        f"replaced by the {policy} or most frequent category of their column in the training "
        "data: 1 in column 'color', 1 in column 'size', 2 in column 'weight'",
        "2 values in column 'color' are categories that the training data do not have, such as "
        "'violet'; they are 0 in all columns of categories",
    )


def test_a_column_that_was_complete_in_training_may_miss_values_in_new_rows(file):
    raw = read(file, "a,b\n1,2\n3,4\n", missing_values="mean")

    assert new_rows(file, "a,b\n,\n", raw).samples.tolist() == [[2, 3]]


def test_missing_values_that_the_run_refuses_are_refused_in_new_rows(file):
    raw = read(file, "a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match="1 in column 'b'; the first one is in row 2; fill them,"):
        new_rows(file, "a,b\n1,2\n3,\n", raw)


def test_missing_categories_are_refused_with_their_row(file):
    message = refusal(file, "c,x\nred,1\n,2\n", categorical_columns=["c"])

    assert "missing values: 1 in column 'c'; the first one is in row 2" in message


def test_other_columns_of_new_rows_are_left_out_and_missing_ones_are_named(file):
    raw = read(file, "a,b\n1,2\n3,4\n")

    assert new_rows(file, "c,b,a\nx,2,1\ny,4,3\n", raw).samples.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(DataError, match="columns of the training data are missing: 'b'; the table"):
        new_rows(file, "a,c\n1,2\n", raw)


def test_columns_without_names_are_found_by_their_place_in_a_table_of_the_same_width(file):
    raw = read(file, "5,2,9\n3,4,8\n")

    assert new_rows(file, "7,8,1\n", raw).samples.tolist() == [[7, 8, 1]]
    with pytest.raises(DataError, match="4 columns without names, but the training data have 3"):
        new_rows(file, "7,8,1,0\n", raw)
    named = read(file, "a,b\n1,2\n3,4\n")
    with pytest.raises(
        DataError, match=r"does not name the columns; new data need those .*'a', 'b'"
    ):
        new_rows(file, "7,8\n", named)


def test_too_many_categories_are_refused(file):
    rows = "".join(f"k{i},{i % 2}\n" for i in range(257))
    message = refusal(file, "c,x\n" + rows, categorical_columns=["c"])

    assert message == (
        "column 'c' has more than 256 categories, as a column of names has; "
        '"id_column": "c" keeps it out of the samples'
    )


def test_categories_must_be_among_the_samples(file):
    content = "a,b,y\n1,2,u\n3,4,v\n"

    for options in ({"label_column": "y"}, {"columns": ["a", "b"]}):
        message = refusal(file, content, categorical_columns=["y"], **options)
        assert message == "column 'y' is not one of the samples"
    assert "no column 'z'" in refusal(file, content, categorical_columns=["z"], label_column="y")


def test_categories_of_large_files_are_counted_for_the_outline(file, monkeypatch):
    monkeypatch.setattr(tables, "TABLE_CHECKED_BYTES", 10)
    file.write_text("c,x\nred,1\nblue,x\nred,3\n")
    outline = outline_data("csv", "t", {"path": str(file), "categorical_columns": ["c"]})

    assert (outline.n_samples, outline.examples[0].shape) == (3, (3,))


def suggested(file, content, **options):
    file.write_text(content)
    return suggested_options("csv", "t", {"path": str(file), **options})


def test_columns_of_texts_are_suggested_as_categories(file):
    rows = "".join(f"{'ab'[i % 2]},{i},x{i % 3}\n" for i in range(12))

    assert suggested(file, "c,n,k\n" + rows) == {
        "categorical_columns": ["c", "k"],
        "has_header": True,
    }
    assert suggested(file, "c,n,k\n" + rows, label_column="k")["categorical_columns"] == ["c"]
    assert suggested(file, "a,b\n1,2\n") == {}
    named = suggested(file, "c,n,k\n" + rows, categorical_columns=["n"])
    assert named["categorical_columns"] == ["n", "c", "k"]
    assert suggested(file, "c,n,k\n" + rows, categorical_columns=["c", "k"]) == {}


def test_a_header_above_texts_alone_is_recognized(file):
    assert suggested(file, "color,size\n" + "red,big\nblue,small\nred,small\n" * 3) == {
        "categorical_columns": ["color", "size"],
        "has_header": True,
    }
    raw = read(file, "2019,2020,2021\n3.5,4,5\n2,2,9\n")
    assert raw.columns == ["2019", "2020", "2021"]


def test_a_column_of_names_is_not_suggested(file):
    with pytest.raises(OptionError) as raised:
        suggested(file, "who,x\n" + "".join(f"p{i},{i}\n" for i in range(30)))

    assert "column 'who' has 30 different texts in 30 rows, such as 'p0'" in str(raised.value)
    assert [remedy.key for remedy in raised.value.remedies] == [
        "id_column",
        "text_column",
        "columns",
    ]


@pytest.mark.parametrize(
    ("first", "column"),
    [
        ("id,note\n", "id"),
        ("", "column_1"),
        ("id,a note that is as long as notes\n", "column_1"),
    ],
)
def test_a_short_first_row_above_documents_is_a_header(file, first, column):
    rows = "".join(f"n{i:03},rain of day {i}{' filled the lake' * (i % 3)}\n" for i in range(30))

    with pytest.raises(OptionError, match=f"column '{column}' has 3. different texts"):
        suggested(file, first + rows)


def test_another_delimiter_is_suggested(file):
    with pytest.raises(OptionError, match='"delimiter": ":" divides it'):
        suggested(file, "a:b\n1:2\n3:4\n")


def test_a_column_that_counts_the_rows_is_noted(file):
    rows = "".join(f"{i + 7},{i % 3}.5\n" for i in range(20))
    (note,) = read(file, "number,x\n" + rows).notes

    assert note == (
        "a different integer in every row, as ids have, but read as samples: 'number'; "
        'leave ids out, or name their column by "id_column"'
    )
    assert read(file, "x,y\n" + "".join(f"{i * i % 97},{i % 3}\n" for i in range(20))).notes == ()


def test_ids_that_occur_twice_are_noted(file):
    (note,) = read(file, "id,x\na,1\nb,2\na,3\n", id_column="id").notes

    assert note.startswith("1 ids occur in several rows, such as 'a'")
