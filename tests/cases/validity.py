"""Validate the entry of one design pattern, by its schema alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7, DRAFT202012

from dcrf.schema.registry import DESIGN_PATTERNS

SPECIFICATIONS = {Draft7Validator: DRAFT7, Draft202012Validator: DRAFT202012}


def errors(entry: Mapping[str, Any], draft: type[Validator] = Draft202012Validator) -> list[str]:
    """Return the JSON path of every error, sorted."""
    file = DESIGN_PATTERNS.folder / f"{DESIGN_PATTERNS.stems[entry['pattern']]}.json"

    def read(uri: str) -> Resource:
        content = json.loads(Path(unquote(urlparse(uri).path)).read_text())
        del content["$schema"]  # it would choose the draft
        return SPECIFICATIONS[draft].create_resource(content)

    validator = draft({"$ref": file.as_uri()}, registry=Registry(retrieve=read))
    return sorted(error.json_path for error in validator.iter_errors(entry))
