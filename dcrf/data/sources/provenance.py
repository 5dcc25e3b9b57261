"""The provenance of features: a JSON file beside a data file says which network computed them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from dcrf.data.fingerprint import fingerprint
from dcrf.data.sources.raw_data import RawData
from dcrf.safety.limits import PROVENANCE_FILE_BYTES
from dcrf.schema.registry import SOURCES
from dcrf.storage.atomic_files import read_json, write_json

FORMAT = "dcrf features 1"
"""The value of `format` in the file."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a network has computed the features in a file.

    model: the network, as `dcrf embed --model` names it.
    package: the package that has the network, with its version.
    weights: where its parameters come from.
    weights_sha256: the digest of its parameters.
    may_have_seen_labels: whether the pretraining may have used labels of these samples.
    preprocessing: the steps from an image to the input of the network.
    data: the path of the images, or the method file and the name of its data set.
    data_sha256: the digest of their fingerprint.
    n_samples: N.
    n_features: d.
    features_sha256: the digest of the features.
    device: on which they were computed.
    date: when, as 2026-01-31.
    labels: the name of the file of labels beside the features; None without labels.
    ids: the same for the names of samples.
    """

    model: str
    package: str
    weights: str
    weights_sha256: str
    may_have_seen_labels: bool
    preprocessing: str
    data: str
    data_sha256: str
    n_samples: int
    n_features: int
    features_sha256: str
    device: str
    date: str
    labels: str | None = None
    ids: str | None = None

    def sentence(self) -> str:
        """Return the provenance in words."""
        origin = f"{self.model} ({self.package}, {self.weights})"
        seen = (
            "its pretraining may have seen labels of these samples"
            if self.may_have_seen_labels
            else "it has seen no labels"
        )
        return f"the samples are features of {origin}, computed from {self.data}; {seen}"


def provenance_file(file: Path) -> Path:
    """Return the path of the provenance of a data file."""
    return file.with_suffix(".json")


def write_provenance(provenance: Provenance, file: Path) -> None:
    """Write the provenance of a data file beside it."""
    write_json(provenance_file(file), {"format": FORMAT, **asdict(provenance)})


def read_provenance(file: Path) -> Provenance | None:
    """Return the provenance beside a data file; None if there is none that can be read."""
    path = provenance_file(file)
    try:
        if not path.is_file() or path.stat().st_size > PROVENANCE_FILE_BYTES:
            return None
        content = read_json(path)
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    values: dict[str, Any] = {f.name: content.get(f.name) for f in fields(Provenance)}
    return Provenance(**values) if _are_valid(values) else None


def features_sha256(features: Tensor) -> str:
    """Return the digest of features (N, d), or of a random sub-sample of many, as fingerprints."""
    return str(fingerprint(features)["content"])


def with_provenance(raw: RawData, file: str | Path | None) -> RawData:
    """Return data with the provenance beside their file, if there is one, and a note about it.

    Args:
        raw: the data.
        file: that they are read from; None without one.
    """
    if file is None or not isinstance(raw.samples, Tensor):
        return raw
    provenance = read_provenance(Path(file))
    if provenance is None:
        return raw
    if features_sha256(raw.samples) != provenance.features_sha256:
        place = provenance_file(Path(file)).name
        note = f"{place} describes other features than those in {file}, so it is not used"
        return replace(raw, notes=(*raw.notes, note))
    sentence = provenance.sentence()
    record = {**asdict(provenance), "note": sentence}
    return replace(raw, notes=(*raw.notes, sentence), provenance=(*raw.provenance, record))


def options_beside(file: Path, source: str) -> dict[str, Any]:
    """Return the options of a source for the labels and ids beside a file of features.

    Args:
        file: the features.
        source: a name of a source in `SOURCES`.
    """
    provenance = read_provenance(file)
    if provenance is None:
        return {}
    names = {"x-labels": provenance.labels, "x-ids": provenance.ids}
    return {
        key: str(file.with_name(name).absolute())
        for key, schema in SOURCES.properties(source).items()
        for mark, name in names.items()
        if name is not None and schema.get("x-path") and schema.get(mark)
    }


def options_of_one_file(options: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the options without those that name further files, which belong to one data file."""
    known = SOURCES.properties(source)
    marks = ("x-labels", "x-ids")
    return {
        key: value
        for key, value in options.items()
        if not (known[key].get("x-path") and any(known[key].get(mark) for mark in marks))
    }


def _are_valid(values: Mapping[str, Any]) -> bool:
    """Whether all values have the types of the fields, and files are names without a folder."""
    numbers = [values["n_samples"], values["n_features"]]
    files = [values["labels"], values["ids"]]
    others = {"n_samples", "n_features", "labels", "ids", "may_have_seen_labels"}
    texts = [value for name, value in values.items() if name not in others]
    return (
        all(isinstance(text, str) for text in texts)
        and all(type(number) is int for number in numbers)
        and type(values["may_have_seen_labels"]) is bool
        and all(name is None or _is_file_name(name) for name in files)
    )


def _is_file_name(name: Any) -> bool:
    return isinstance(name, str) and name.endswith(".npy") and Path(name).name == name
