"""The names that a method file declares, by what they name."""

from pathlib import Path

import pytest

from dcrf.config.declared_names import declared_names
from dcrf.errors import ConfigError
from tests.cases.methods import written

METHOD = {
    "mappings": [
        {
            "type": "feature_extractor",
            "name": "encoder",
            "layers": [{"type": "Linear", "name": "hidden"}, {"type": "ReLU"}],
        },
        {"type": "feature_space_classifier"},
    ],
    "cluster_assignment_strategy": {"type": "mixture"},
    "phases": [{"name": "first", "optimizers": [{"type": "Adam", "name": "both"}]}],
    "datasets": [{"dataset": "MNIST", "batch_augmentations": [{"name": "moved"}]}],
}


def test_every_kind_of_name_is_found_in_an_incomplete_file(tmp_path):
    names = declared_names(Path(written(tmp_path, METHOD)))

    assert {kind: [*of_kind] for kind, of_kind in names.items()} == {
        "mapping": ["encoder", "feature_space_classifier"],
        "feature_extractor": ["encoder"],
        "classifier": ["feature_space_classifier"],
        "part": ["encoder", "feature_space_classifier", "assignment"],
        "part_or_layer": ["encoder", "feature_space_classifier", "assignment", "encoder.hidden"],
        "layer": ["hidden"],
        "phase": ["first"],
        "optimizer": ["both"],
        "dataset": ["MNIST"],
        "view": ["moved"],
    }
    assert names["mapping"]["encoder"] == "feature_extractor ($.mappings[0])"
    assert names["layer"]["hidden"] == "Linear ($.mappings[0].layers[0])"
    assert names["optimizer"]["both"] == "Adam ($.phases[0].optimizers[0])"


def test_a_file_of_other_values_declares_nothing(tmp_path):
    names = declared_names(Path(written(tmp_path, {"mappings": 3, "phases": [1], "datasets": {}})))

    assert not any(names.values())


def test_a_file_that_is_no_json_is_an_error(tmp_path):
    (tmp_path / "m.json").write_text("{")

    with pytest.raises(ConfigError):
        declared_names(tmp_path / "m.json")
