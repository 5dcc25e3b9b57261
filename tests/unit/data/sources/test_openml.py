"""The source `openml`, from a cache as scikit-learn lays it out."""

import gzip
from importlib.resources import files

import numpy as np
import pytest
import torch
from sklearn.datasets import fetch_openml

from dcrf.data.sources.openml import Openml
from dcrf.errors import DataError, OptionError
from tests.cases.sources.openml import COLUMNS, NUMBER, ROWS, write_table

TARGET = {"kind": "is_target"}


def source(root, dataset="tiny", **options):
    return Openml(dataset, root=str(root), **options)


def table(root, columns=COLUMNS, rows=ROWS, marked=TARGET, **others):
    return write_table(root, columns, rows, marked, **others)


def place(root, name):
    return root / "openml" / "openml.org" / f"{name}.gz"


def rows_of(root):
    return place(root, f"data/v1/download/{NUMBER}/tiny.arff")


@pytest.mark.parametrize("dataset", ["tiny", "TINY", str(NUMBER)])
def test_samples_are_those_of_scikit_learn(tmp_path, dataset):
    table(tmp_path)
    expected = fetch_openml(
        data_id=NUMBER, data_home=tmp_path, as_frame=False, parser="liac-arff"
    )  # reads the same cache

    raw = source(tmp_path, dataset).open()

    assert raw.samples.dtype == torch.float32
    assert torch.equal(raw.samples, torch.tensor(expected.data, dtype=torch.float32))
    assert np.array_equal(raw.labels, np.unique(expected.target, return_inverse=True)[1])
    assert raw.ids is None


def test_a_table_that_openml_wrote_is_read(tmp_path):
    """scikit-learn's own tests have the responses for iris."""
    responses = files("sklearn.datasets.tests.data.openml.id_61")
    names = {"jdl-dn-iris-l-2-dv-1": "list/data_name/iris/limit/2/data_version/1", "jd-61": "61",
             "jdf-61": "features/61", "jdq-61": "qualities/61"}  # fmt: skip
    for short, name in names.items():
        file = place(tmp_path, f"api/v1/json/data/{name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((responses / f"api-v1-{short}.json.gz").read_bytes())
    file = place(tmp_path, "data/v1/download/61/iris.arff")
    file.parent.mkdir(parents=True)
    file.write_bytes((responses / "data-v1-dl-61.arff.gz").read_bytes())
    expected = fetch_openml(data_id=61, data_home=tmp_path, as_frame=False, parser="liac-arff")

    raw = source(tmp_path, "iris").open()

    assert raw.samples.shape == (150, 4)
    torch.testing.assert_close(raw.samples, torch.tensor(expected.data, dtype=torch.float32))
    assert raw.labels.tolist() == [0] * 50 + [1] * 50 + [2] * 50


def test_columns_to_ignore_are_left_out_and_row_identifiers_are_ids(tmp_path):
    table(
        tmp_path,
        {"name": "string", "x": "numeric", "old": "nominal", "y": "numeric"},
        ["'row 1',1,a,2", '"row, 2",3,b,4', "it's,5,a,6", r"'it\'s',7,a,8"],
        {"name": "is_row_identifier", "old": "is_ignore"},
    )

    raw = source(tmp_path).open()

    assert raw.samples.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert raw.ids == ["row 1", "row, 2", "it's", "it's"]
    assert raw.labels is None


def test_columns_and_labels_are_chosen_by_name(tmp_path):
    table(tmp_path)
    raw = source(tmp_path, columns=["height"], label_column="width").open()

    assert raw.samples.tolist() == [[2], [1], [0], [-1], [-2], [-3]]
    assert raw.labels.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("options", [{}, {"columns": ["width"]}, {"label_column": "height"}])
def test_the_outline_is_that_of_the_table(tmp_path, options):
    table(tmp_path)
    options = {"columns": ["width"], **options} if options else options
    raw, outline = source(tmp_path, **options).open(), source(tmp_path, **options).outline()

    assert outline.n_samples == len(raw.samples) == 6
    assert [e.shape for e in outline.examples] == [raw.samples[0].shape]
    assert outline.has_labels is True


def test_missing_values_are_known_before_the_run(tmp_path):
    rows = ["1,2,a", "?,3,b", "3,?,a", "?,5,b"]
    table(tmp_path, rows=rows, missing={"width": 2, "height": 1})

    with pytest.raises(OptionError, match="2 in column 'width', 1 in column 'height'") as caught:
        source(tmp_path).outline()
    assert caught.value.key == "missing_values"
    with pytest.raises(DataError, match="2 in column 'width'"):
        source(tmp_path).open()
    dropping = source(tmp_path, missing_values="drop_rows")
    assert dropping.outline().n_samples is None
    assert dropping.open().samples.tolist() == [[1, 2]]
    filling = source(tmp_path, missing_values="mean")
    assert filling.outline().n_samples == 4
    assert filling.open().samples.tolist() == [[1, 2], [2, 3], [3, pytest.approx(10 / 3)], [2, 5]]


PROBLEMS = {
    "an unknown column": ({"columns": ["depth"]}, "columns", "no column 'depth'"),
    "an unknown label": ({"label_column": "class"}, "label_column", "no column 'class'"),
    "text": ({"columns": ["width", "kind"], "label_column": "height"}, "columns",
             r'hold no numbers: kind \(nominal\); list the others in "columns": width'),
    "another version": ({"dataset_version": 2}, "root", r'2\.gz does not exist; "download": true'),
    "a version of a number": (
        {"dataset": str(NUMBER), "dataset_version": 1}, "dataset_version", "is a number",
    ),
    "another name": ({"dataset": "other"}, "root", "does not exist"),
    "a path": ({"dataset": "../tiny"}, "root", "is not a name"),
}  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS)
def test_options_that_do_not_fit_are_problems(tmp_path, problem):
    options, key, message = PROBLEMS[problem]
    table(tmp_path)

    with pytest.raises(DataError, match=message) as caught:
        source(tmp_path, **options).outline()
    assert caught.value.key == key
    with pytest.raises(DataError, match=message):
        source(tmp_path, **options).open()


def test_several_targets_ask_for_one(tmp_path):
    table(tmp_path, marked={"kind": "is_target", "height": "is_target"})

    with pytest.raises(OptionError, match="name one of the targets: height, kind") as caught:
        source(tmp_path).outline()
    assert caught.value.key == "label_column"
    assert source(tmp_path, label_column="kind").outline().examples[0].shape == (1,)


def test_an_inactive_version_has_a_note(tmp_path):
    table(tmp_path, status="deactivated")

    assert source(tmp_path).outline().notes == source(tmp_path).open().notes
    assert source(tmp_path).open().notes == ("OpenML has marked this version as deactivated",)


def test_sparse_tables_are_refused(tmp_path):
    table(tmp_path, format="Sparse_ARFF")

    with pytest.raises(OptionError, match="its format is Sparse_ARFF; expected ARFF") as caught:
        source(tmp_path).outline()
    assert caught.value.key == "dataset"


def test_an_address_cannot_lead_out_of_the_cache(tmp_path):
    table(tmp_path, url="https://www.openml.org/../../../etc/passwd")

    with pytest.raises(OptionError, match="is damaged"):
        source(tmp_path).outline()


def test_a_number_cannot_lead_out_of_the_cache(tmp_path):
    table(tmp_path)
    content = gzip.compress(b'{"data": {"dataset": [{"did": "../../../etc/passwd"}]}}')
    place(tmp_path, "api/v1/json/data/list/data_name/tiny/limit/2/data_version/1").write_bytes(
        content
    )

    with pytest.raises(OptionError, match="is damaged"):
        source(tmp_path).outline()


def test_before_a_download_nothing_is_known(tmp_path):
    outline = source(tmp_path / "new", download=True).outline()

    assert (outline.n_samples, outline.examples, outline.has_labels) == (None, (), None)


def test_what_is_in_the_cache_is_not_downloaded(tmp_path):
    table(tmp_path)

    assert source(tmp_path, download=True).open().samples.shape == (6, 2)
    assert source(tmp_path, download=True).outline().n_samples == 6


DAMAGES = {
    "no rows": lambda text: text.split("@DATA")[0].encode(),
    "ragged": lambda text: text.replace("0.5,2,a", "0.5,2").encode(),
    "text": lambda text: text.replace("0.5,2,a", "x,2,a").encode(),
    "quotes": lambda text: text.replace("0.5,2,a", "'0.5,2,a").encode(),
    "bytes": lambda text: text.replace("0.5,2,a", "0.5,2,\xff").encode("latin-1"),
    "empty": lambda text: text.split("0.5,2,a")[0].encode(),
    "infinite": lambda text: text.replace("0.5,2,a", "inf,2,a").encode(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_tables_are_errors(tmp_path, damage):
    file = rows_of(table(tmp_path))
    text = gzip.decompress(file.read_bytes()).decode()
    file.write_bytes(gzip.compress(DAMAGES[damage](text)))

    with pytest.raises(DataError, match="data set tiny of OpenML: "):
        source(tmp_path).open()


def test_a_missing_table_is_an_error(tmp_path):
    rows_of(table(tmp_path)).unlink()

    with pytest.raises(DataError, match=r'arff\.gz does not exist; "download": true fetches it'):
        source(tmp_path).open()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        gzip.compress(b"text", mtime=0),
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"[" * 9**6, mtime=0),
    ],
)
@pytest.mark.parametrize("name", ["list/data_name/tiny/limit/2/data_version/1", "61", "features/61",
                                  "qualities/61"])  # fmt: skip
def test_damaged_descriptions_are_errors(tmp_path, name, content):
    table(tmp_path)
    place(tmp_path, f"api/v1/json/data/{name}").write_bytes(content)

    with pytest.raises(OptionError, match="is damaged") as caught:
        source(tmp_path).outline()
    assert caught.value.key == "root"
