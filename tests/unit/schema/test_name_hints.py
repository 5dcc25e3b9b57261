"""The schema of one method file suggests its names and refuses nothing."""

import json

from jsonschema import Draft202012Validator

from dcrf.config.declared_names import declared_names
from dcrf.schema.name_hints import with_name_hints
from dcrf.schema.package_data import SHIPPED

QUICKSTART = SHIPPED / "quickstart" / "quickstart.json"


def hints(file=QUICKSTART):
    return with_name_hints(declared_names(file), "./dcrf.schema.json")


def suggested(schema, section, key):
    hint = schema["$defs"][section]["properties"][key]
    return hint.get("items", hint)["anyOf"][0]["enum"]


def test_names_are_suggested_where_they_belong():
    schema = hints()

    assert schema["allOf"][0] == {"$ref": "./dcrf.schema.json"}
    assert suggested(schema, "phases", "encoder_name") == ["encoder", "decoder"]
    assert suggested(schema, "phases", "trained_parts") == ["encoder", "decoder", "centroids"]
    assert suggested(schema, "phases", "batch_augmentation_name") == ["view_1", "view_2"]
    assert suggested(schema, "datasets", "phases") == ["pretraining", "finetuning"]
    assert "phases" not in schema["$defs"]["phases"]["properties"]
    assert "classifier_name" not in schema["$defs"]["phases"]["properties"]


def test_names_of_the_files_that_a_file_extends_are_suggested(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"extends": str(QUICKSTART), "mappings": [{"name": "new"}]}))

    assert suggested(hints(file), "phases", "encoder_name") == ["encoder", "decoder", "new"]


def test_other_names_are_no_mistake():
    schema = {**hints(), "allOf": hints()["allOf"][1:]}
    Draft202012Validator.check_schema(schema)
    content = json.loads(QUICKSTART.read_text())
    content["phases"][0]["design_patterns"][0]["encoder_name"] = "not_yet_written"

    assert Draft202012Validator(schema).is_valid(content)
