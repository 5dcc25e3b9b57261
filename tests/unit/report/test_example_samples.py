"""Samples of runs are shown by what their data sets hold."""

import json

import pytest

from dcrf.report.example_samples import SampleReader
from dcrf.report.saved_files import SavedFiles
from tests.cases.methods import method


@pytest.mark.parametrize("first", [0, 2])
def test_texts_are_counted_from_the_first_one_in_use(tmp_path, first):
    texts = [f"word{n} sail bread" for n in range(12)]
    (tmp_path / "texts.csv").write_text("\n".join(["text", *texts]) + "\n")
    dataset = {
        "name": "texts",
        "source": "text",
        "text_column": "text",
        "path": str(tmp_path / "texts.csv"),
        "index_of_first_sample_to_use": first,
        "batch_size": 3,
        "num_clusters": 2,
    }
    content = method(datasets=[dataset])
    del content["phases"][1]["design_patterns"][2]  # its view is one of images
    (tmp_path / "config.json").write_text(json.dumps(content))
    run = SavedFiles(tmp_path)

    drawn = SampleReader().read(run, "texts", [0, 2, 5])

    assert drawn.rows == {n: texts[first + n] for n in (0, 2, 5)}, run.problems
