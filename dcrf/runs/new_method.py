"""Make a method file for one's own data out of a shipped method."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from dcrf.builder.sample_steps import build_steps
from dcrf.config import load_datasets
from dcrf.config.adapt import adapted, takes_images
from dcrf.config.extends import is_abstract, movable, read
from dcrf.config.path_checks import is_file, is_folder, with_name
from dcrf.config.rules.suggestions import closest, listed
from dcrf.config.safe_lookup import objects, text
from dcrf.data.sources.load import (
    outline_data,
    reads_path,
    source_of_file,
    suggested_options,
)
from dcrf.data.sources.provenance import options_beside
from dcrf.errors import ClusteringError, DataError
from dcrf.runs.run_folder import is_run_folder, run_folders
from dcrf.schema.package_data import SHIPPED, json_files
from dcrf.schema.registry import CLUSTERING_STEPS, DESIGN_PATTERNS, SOURCES, TRANSFORMS

DEFAULT_METHODS = {"images": "idec_images", "rows": "idec_table"}
"""Kind of the samples -> the shipped method that is taken if none is named.

The schema of a source may name another one for rows, `x-method`.
"""
VIEWS_OF_ROWS = "contrastive_clustering_table"
"""The shipped method whose first view rows get in place of the views of images."""
STARTING_METHOD = "quickstart"
"""The shipped method that is taken if neither data nor a method are named."""
IMAGE_SHAPE = (1, 32, 32)
"""The gray image that methods without convolutions see."""
BATCH_SIZE = 256


class NewMethod(NamedTuple):
    """A method for data.

    content: of its file.
    sentences: for the user, on choices that were made for the data.
    """

    content: dict[str, Any]
    sentences: tuple[str, ...]


def is_data(path: Path, *, is_meant: bool = False) -> bool:
    """Whether a path names data: a file of a source, or a folder of such files.

    A folder with runs is not data. A folder with JSON files is data only if it is meant as data.

    Args:
        path: of a file or folder, which may be missing.
        is_meant: whether the path is meant as data, as flags for data say.
    """
    if is_folder(path):
        if is_run_folder(path) or run_folders(path):
            return False
        if not is_meant and any(path.glob("*.json")):
            return False
    return any(reads_path(source, path) for source in SOURCES.schemas)


def new_method(
    data: Path, n_clusters: int, method: str | None, options: Mapping[str, Any]
) -> NewMethod:
    """Return a method for data.

    Rows get the steps of the default method for their source: those of a table are standardized.
    Views of images become views of rows.
    Images become gray images of 32 x 32, or of the shape that the method has been written for if it
    has convolutions or views.

    Args:
        data: a file, or a folder of images or texts.
        n_clusters: k.
        method: a method file, or the name of a shipped method or of its folder; None for that which
            suits the kind of data.
        options: of the source, such as `label_column`. The source may suggest others.

    Raises:
        DataError: the data or the method cannot be used.
        OptionError: an option does not fit the data, or is missing.
        ConfigError: the method file is invalid.
    """
    named = None if method is None else method_file(method)
    data = with_name(data)
    source = source_of_file(data, options)
    path = {"path": str(data.resolve())}
    options = {**options_beside(data, source), **options}
    suggested = suggested_options(source, data.stem, {**path, **options})
    suggested = {k: v for k, v in suggested.items() if k not in options or isinstance(v, list)}
    sentences = _sentences(source, suggested, options)
    options = {**path, **options, **suggested}
    outline = outline_data(source, data.stem, options)
    entry: dict[str, Any] = {"source": source, **options}
    is_image = bool(outline.examples) and outline.examples[0].ndim > 1
    if is_folder(data) and not is_image:
        sentences = (*sentences, _files_of_rows(data, source, outline.n_samples))
    default = "images" if is_image else "rows"
    file = named or method_file(SOURCES.schemas[source].get("x-method", DEFAULT_METHODS[default]))
    content = read(file).data
    n_samples = outline.n_samples or BATCH_SIZE
    entry |= {"name": data.stem, "sampling": "shuffled", "batch_size": min(BATCH_SIZE, n_samples)}
    if is_image:
        shape = _image_shape(file, content)
        entry |= _image_views(content, shape)
        sentences = (*sentences, _images_in_words(shape))
    else:
        if takes_images(content):
            raise DataError(f"{file.stem} needs images, but {data} has rows of numbers")
        shape = tuple(outline.examples[0].shape) if outline.examples else ()
        steps, shape = _fitting_steps(steps_of_rows(content, source), shape, outline.n_samples)
        if steps:
            entry["steps"] = steps
        views, replaced = _row_views(content)
        entry |= {"batch_augmentations": views} if views else {}
        sentences = (*sentences, *replaced)
    name = f"{data.stem}_{file.stem}"
    result = adapted(content, name, entry, shape, n_clusters)
    description = f"{file.stem} on {data.name}, made by dcrf new."
    return NewMethod({**result, "description": description}, sentences)


def method_on_its_data(method: str | None) -> dict[str, Any]:
    """Return the content of a file of its own for a method on the data that it names.

    Args:
        method: a method file, or the name of a shipped method or of its folder; None for the one to
            start with.

    Raises:
        DataError: there is no such method.
        ConfigError: the method file is invalid.
    """
    content = movable(method_file(method or STARTING_METHOD))
    return {key: value for key, value in content.items() if key != "$schema"}


def _sentences(
    source: str, suggested: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return sentences on suggested options that a flag could have set otherwise."""
    known, sentences = SOURCES.properties(source), []
    for key, value in suggested.items():
        if (sentence := known[key].get("x-flag", {}).get("chosen")) and value:
            added = [name for name in value if name not in given.get(key, ())]
            sentences.append(sentence.format(", ".join(map(repr, added))))
    return tuple(sentences)


def _images_in_words(shape: Sequence[int]) -> str:
    """Return a sentence on the images (channels, height, width) that the method sees."""
    channels, height, width = shape
    colors = "gray" if channels == 1 else "color"
    return f"the method sees {colors} images of {height} x {width}"


def _files_of_rows(folder: Path, source: str, n_samples: int | None) -> str:
    """Return a sentence on the files of a folder that a source reads as rows."""
    endings = " or ".join(SOURCES.schemas[source]["x-folder-endings"])
    count = "" if n_samples is None else f"{n_samples} "
    files = "file that ends" if n_samples == 1 else "files that end"
    readers = [stem for stem in SOURCES.schemas if reads_path(stem, folder)]
    cause = "; it has no images" if readers == [source] else ""
    return f"{folder} is read as {count}{files} in {endings}{cause}"


def _fitting_steps(
    entries: Sequence[dict[str, Any]], shape: tuple[int, ...], n_samples: int | None
) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
    """Return the steps that rows have enough samples and values for, and the shape after them."""
    fitting, width = [], math.prod(shape)
    for entry, step in zip(entries, build_steps(entries), strict=True):
        with suppress(ClusteringError):
            width = step.width(n_samples or width, width)
            fitting.append(entry)
    return fitting, shape if width == math.prod(shape) else (width,)


def steps_of_rows(content: Mapping[str, Any], source: str | None = None) -> list[dict[str, Any]]:
    """Return the steps that rows go through first: those of the default method for their source.

    Rows of a method that models samples from 0 to 1 go through a step into this range, too.

    Args:
        content: of the method file.
        source: of the rows; None for rows of numbers.
    """
    schema = {} if source is None else SOURCES.schemas[source]
    default = read_method(schema.get("x-method", DEFAULT_METHODS["rows"]))
    steps: list[dict[str, Any]] = default["datasets"][0].get("steps", [])
    return [*steps, *_step_to_unit_interval()] if _needs_unit_interval(content) else steps


def _needs_unit_interval(content: Mapping[str, Any]) -> bool:
    """Whether a pattern of a method models samples from 0 to 1."""
    return any(
        entry.get(key, keywords.get("default")) in keywords.get("x-unit-interval", ())
        for _, phase in objects(content, "phases")
        for _, entry in objects(phase, "design_patterns")
        for key, keywords in _properties(entry)
    )


def _properties(pattern: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Return the keys of a pattern with their schemas; none for an unknown pattern."""
    stem = DESIGN_PATTERNS.stems.get(str(pattern.get(DESIGN_PATTERNS.key)))
    return () if stem is None else DESIGN_PATTERNS.properties(stem).items()


def _row_views(content: Mapping[str, Any]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return the named views that a method has of rows, and a sentence if they replace others."""
    dataset = next((entry for _, entry in objects(content, "datasets")), {})
    views = [view for _, view in objects(dataset, "batch_augmentations")]
    kinds = {text(entry, "type") for view in views for _, entry in objects(view, "transforms")}
    if kinds <= {*TRANSFORMS.stems}:
        return views, ()
    (like, *_) = read_method(VIEWS_OF_ROWS)["datasets"][0]["batch_augmentations"]
    names = [name for view in views if (name := text(view, "name"))]
    transforms = ", ".join(map(json.dumps, like["transforms"]))
    sentence = f"the views of images ({listed(names)}) become views of rows: {transforms}"
    return [{**like, "name": name} for name in names], (sentence,)


def _step_to_unit_interval() -> list[dict[str, Any]]:
    """Return the step that maps values to the range from 0 to 1, as a list."""
    schemas = CLUSTERING_STEPS.schemas.items()
    return [{CLUSTERING_STEPS.key: stem} for stem, s in schemas if s.get("x-unit-interval")]


def read_method(name: str) -> dict[str, Any]:
    """Return the content of a method, with all that it extends.

    Args:
        name: a method file, or the name of a shipped method or of its folder.

    Raises:
        DataError: there is none.
        ConfigError: the file is invalid.
    """
    return read(method_file(name)).data


def method_file(name: str) -> Path:
    """Return the file of a method: a path, or the name of a shipped method or of its folder.

    Raises:
        DataError: there is none.
    """
    if name.endswith(".json"):
        if not is_file(Path(name)):
            raise DataError(f"the method file {name} does not exist")
        return Path(name)
    files = {f.stem: f for f in json_files(SHIPPED, deep=True) if not is_abstract(f)}
    of_folder = {f.parent.name: f for f in reversed(files.values())}
    for found in (files, {stem.removesuffix("_usps"): f for stem, f in files.items()}, of_folder):
        if name in found:
            return found[name]
    guess = closest(name, [*files, *of_folder])
    remedy = f"did you mean {guess!r}?" if guess else f"there are {listed(sorted(of_folder))}"
    raise DataError(f"no shipped method is called {name!r}; {remedy}")


def _image_shape(file: Path, content: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of images that a method sees: its own if it has convolutions or views."""
    own = load_datasets(file, check_inputs=False)[0]
    if takes_images(content) or own.batch_augmentations:
        options = {**own.options, **(own.parts[0] if own.parts else {})}
        with suppress(DataError):  # its data may be missing
            outline = outline_data(own.source, own.dataset, options)
            if len(outline.examples) == 1 and outline.examples[0].ndim == len(IMAGE_SHAPE):
                return tuple(outline.examples[0].shape)
    return IMAGE_SHAPE


def _image_views(content: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the transforms and named views of a method, after those that give images a shape."""
    channels, *size = shape
    gray = [{"type": "Grayscale"}] if channels == 1 else []
    fitting = [*gray, {"type": "Resize", "size": size}]
    own = content["datasets"][0]
    views = [
        {**view, "transforms": [*fitting, *view["transforms"]]}
        for view in own.get("batch_augmentations", ())
    ]
    transforms = [*fitting, *own.get("transforms", [{"type": "ToTensor"}])]
    return {"transforms": transforms, **({"batch_augmentations": views} if views else {})}
