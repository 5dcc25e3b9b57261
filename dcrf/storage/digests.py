"""Digests of plain values, which tell configurations apart."""

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """Return the SHA-256 of a JSON value as 64 hexadecimal digits; the order of keys is ignored."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
