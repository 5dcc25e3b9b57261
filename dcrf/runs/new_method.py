"""Make a method file for one's own data out of a shipped method."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torchvision.datasets.folder import IMG_EXTENSIONS

from dcrf.config import load_checked
from dcrf.config.adapt import adapted, takes_images
from dcrf.config.extends import is_abstract, read
from dcrf.config.path_checks import is_file, is_folder
from dcrf.config.rules.suggestions import closest, listed
from dcrf.data.sources.load import outline_data, source_of_file
from dcrf.data.sources.provenance import options_beside
from dcrf.errors import DataError
from dcrf.schema.registry import SHIPPED, SOURCES

DEFAULT_METHODS = {"images": "idec_usps", "rows": "idec_table"}
"""Kind of the samples -> the shipped method that is taken if none is named."""
IMAGE_SHAPE = (1, 32, 32)
"""The gray image that methods without convolutions see."""
BATCH_SIZE = 256


def is_data(path: Path) -> bool:
    """Whether a path names data: a file of a source, or a folder with images and no method file."""
    if is_folder(path):
        has_images = any(file.suffix.lower() in IMG_EXTENSIONS for file in path.rglob("*.*"))
        return has_images and not any(path.glob("*.json"))
    endings = [e for s in SOURCES.schemas.values() for e in s.get("x-file-endings", ())]
    return path.name.lower().endswith(tuple(endings))


def new_method(
    data: Path, n_clusters: int, method: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the content of a method file for data.

    Rows of numbers are standardized. Images become gray images of 32 x 32, or of the shape that
    the method has been written for if it has convolutions or views.

    Args:
        data: a file, or a folder of images.
        n_clusters: k.
        method: a method file, or the name of a shipped method or of its folder; None for that which
            suits the kind of data.
        options: of the source, such as `label_column`.

    Raises:
        DataError: the data or the method cannot be used.
        ConfigError: the method file is invalid.
    """
    named = None if method is None else method_file(method)
    source = source_of_file(data)
    known = SOURCES.properties(source)
    if unknown := [key for key in options if key not in known]:
        raise DataError(f"{data}: the source {source} has no {unknown[0]}")
    options = {**options_beside(data, source), **options}
    entry: dict[str, Any] = {"source": source, "path": str(data.resolve()), **options}
    outline = outline_data(source, data.stem, {k: v for k, v in entry.items() if k != "source"})
    is_image = bool(outline.examples) and outline.examples[0].ndim > 1
    file = named or method_file(DEFAULT_METHODS["images" if is_image else "rows"])
    content = read(file).data
    n_samples = outline.n_samples or BATCH_SIZE
    entry |= {"name": data.stem, "sampling": "shuffled", "batch_size": min(BATCH_SIZE, n_samples)}
    if is_image:
        shape = _image_shape(file, content)
        entry |= _image_views(content, shape)
    else:
        if takes_images(content):
            raise DataError(f"{file.stem} needs images, but {data} has rows of numbers")
        shape = tuple(outline.examples[0].shape) if outline.examples else ()
        entry["steps"] = steps_of_rows()
    name = f"{data.stem}_{file.stem}"
    result = adapted(content, name, entry, shape, n_clusters)
    return {**result, "description": f"{file.stem} on {data.name}, made by dcrf new."}


def steps_of_rows() -> list[dict[str, Any]]:
    """Return the steps that rows of numbers go through first, those of the default method."""
    steps: list[dict[str, Any]] = read_method(DEFAULT_METHODS["rows"])["datasets"][0]["steps"]
    return steps


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
    files = {f.stem: f for f in sorted(SHIPPED.rglob("*.json")) if not is_abstract(f)}
    of_folder = {f.parent.name: f for f in reversed(files.values())}
    for found in (files, {stem.removesuffix("_usps"): f for stem, f in files.items()}, of_folder):
        if name in found:
            return found[name]
    guess = closest(name, [*files, *of_folder])
    remedy = f"did you mean {guess!r}?" if guess else f"there are {listed(sorted(of_folder))}"
    raise DataError(f"no shipped method is called {name!r}; {remedy}")


def _image_shape(file: Path, content: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of images that a method sees: its own if it has convolutions or views."""
    config = load_checked(file, check_inputs=False)
    own = config.datasets[0]
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
