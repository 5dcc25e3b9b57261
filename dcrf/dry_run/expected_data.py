"""Predict the number of samples and the shapes of views before any sample is read."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from dcrf.batch import SideTargets
from dcrf.builder.components import At
from dcrf.builder.data_sources import LABELS, targets_in_file
from dcrf.builder.problem_sources import most_clusters_of
from dcrf.builder.sample_steps import build_steps
from dcrf.clusterings.steps.base import Transformation
from dcrf.config.method_config import DatasetConfig, MethodConfig, Options
from dcrf.config.rules.suggestions import closest
from dcrf.data.batch_order import Loading, check_batch_size
from dcrf.data.problems.problems import check_least_clusters, range_of_objects
from dcrf.data.side_targets import CLASSES, rows_in_use
from dcrf.data.sources.load import encoding_kind, outline_data, problem_maker
from dcrf.data.sources.outline import UNKNOWN, Outline, concatenated, parts_in_range, size_of_range
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays
from dcrf.data.transforms.build import TRANSFORM_ERRORS
from dcrf.data.views import View
from dcrf.errors import DataError, OptionError, TransformError, cause_of
from dcrf.randomness import RandomStreams

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
"""View -> shape of a sample in it."""

DEFAULT_VIEW = ""
_DRAWS = 3  # of a random view, whose shapes must be equal
_LARGE_IMAGE = (4096, 5120)  # height and width


@dataclass(frozen=True, slots=True)
class ExpectedData:
    """The predicted properties of a data set.

    shapes: of all views; None if one is unknown.
    n_samples: N, None if it is unknown.
    has_labels: False only if labels are known to be missing, or are side targets.
    has_problems: whether samples are clustering problems, sets of objects.
    targets: side targets of one sample or more; None without any.
    """

    shapes: Shapes | None
    n_samples: int | None
    has_labels: bool
    targets: SideTargets | None = None
    has_problems: bool = False


def expected_data_sets(
    config: MethodConfig, at: At, arrays: Arrays = NO_ARRAYS
) -> list[ExpectedData]:
    """Predict all data sets of a method, with the views that patterns use on them.

    Args:
        config: of the method.
        at: takes the problems, each at its JSON path.
        arrays: data handed over in Python.
    """
    by_name = {entry.name: entry for entry in config.datasets}
    return [
        expected_data(
            entry,
            _used_views(entry, config),
            at,
            arrays,
            by_name[entry.steps_fitted_on] if entry.steps_fitted_on else None,
        )
        for entry in config.datasets
    ]


def _used_views(dataset: DatasetConfig, config: MethodConfig) -> set[str]:
    """Return the named views that patterns use on a data set."""
    patterns = [p for phase in config.phases_on(dataset) for p in phase.design_patterns]
    return {view for pattern in patterns for view in pattern.views.values() if view is not None}


def expected_data(
    entry: DatasetConfig,
    used_views: Collection[str],
    at: At,
    arrays: Arrays = NO_ARRAYS,
    fitted_on: DatasetConfig | None = None,
) -> ExpectedData:
    """Predict a data set.

    Args:
        entry: the data set.
        used_views: the named views that patterns use on it. No batch of the others is made.
        at: takes the problems, each at its JSON path.
        arrays: data handed over in Python.
        fitted_on: the data set whose encoding and steps it gets; None for its own.
    """
    if entry.class_problems is not None:
        return _class_problems(entry, entry.class_problems, used_views, at, arrays)
    if entry.has_problems:
        with at(entry.path):
            problem_maker(entry.source, entry.dataset, entry.options, entry.num_clusters)
    parts = _outline_parts(entry, at, arrays)
    kind = encoding_kind(entry.source)
    is_alike = (
        fitted_on is not None and kind is not None and kind == encoding_kind(fitted_on.source)
    )
    if fitted_on is not None and is_alike:
        parts = _encoded_like(fitted_on, parts, arrays)
    whole = _check_sizes(entry, concatenated(parts), at)
    parts = parts_in_range(parts, entry.first, entry.last)
    if fitted_on is not None and entry.steps and not is_alike:  # else the widths are equal
        _check_width(entry, parts, fitted_on, _outline_parts(fitted_on, at, arrays), at)
    n_fitted = whole.n_samples if entry.steps_fitted_on is None else None
    parts = [_after_steps(entry, part, n_fitted, at) for part in parts]
    views = {DEFAULT_VIEW: (entry.path, entry.transforms or ())}
    for index, (name, transforms) in enumerate(entry.batch_augmentations.items()):
        views[name] = (f"{entry.path}.batch_augmentations[{index}]", transforms)
    shapes = {}
    for name, (path, transforms) in views.items():
        draws = _DRAWS if name in {DEFAULT_VIEW, *used_views} else 1
        shape = _shape_of_parts(parts, transforms, draws, f"{path}.transforms", at)
        if shape is not None:
            shapes[name] = shape
    is_known = len(shapes) == len(views)
    are_labels_targets = entry.side_targets == LABELS
    return ExpectedData(
        shapes if is_known else None,
        whole.n_samples,
        whole.has_labels is not False and not are_labels_targets,
        _targets(entry, whole, at),
        entry.has_problems,
    )


def _class_problems(
    entry: DatasetConfig,
    options: Options,
    used_views: Collection[str],
    at: At,
    arrays: Arrays,
) -> ExpectedData:
    """Predict a data set of problems that are made of labeled samples."""
    of_samples = replace(entry, class_problems=None, has_problems=False, drop_last=False)
    objects = expected_data(of_samples, used_views, at, arrays)
    path, n_problems = f"{entry.path}.class_problems", options["num_problems"]
    if not objects.has_labels:
        with at(path):
            raise DataError("its clusters are classes, but the data set has no labels")
    with at(f"{entry.path}.batch_size"):
        check_batch_size(n_problems, Loading(entry.batch_size))
    per_class, most = options["min_objects_per_class"], None
    try:
        most_clusters = most_clusters_of(options, entry.num_clusters)
        check_least_clusters(options["min_clusters"], most_clusters)
        _, most = range_of_objects(options["num_objects"], most_clusters * per_class)
    except OptionError as error:
        with at(f"{path}.{error.key}"):
            raise DataError(str(error)) from error
    shapes = None
    if objects.shapes is not None and most is not None:
        shapes = {view: (most, *shape) for view, shape in objects.shapes.items()}
    return ExpectedData(shapes, n_problems, has_labels=True, has_problems=True)


def _targets(entry: DatasetConfig, whole: Outline, at: At) -> SideTargets | None:
    """Return side targets of one sample or more, of which a batch has the type and width.

    Files of targets are read whole. The classes of labels are not known before a run.
    """
    path = f"{entry.path}.side_targets"
    if entry.side_targets == LABELS:
        if whole.has_labels is False:
            with at(path):
                raise DataError("the data set has no labels that could be targets")
        return _of_kind(CLASSES)
    if entry.side_targets is None:
        return None
    try:
        targets = targets_in_file(entry)
        if whole.n_samples is None:
            return targets
        return rows_in_use(targets, entry.first, entry.last, whole.n_samples)
    except DataError as error:
        key = error.key if isinstance(error, OptionError) else "path"
        with at(f"{path}.{key}"):
            raise _with_suggestion(error) from error
    return _of_kind(cast(Options, entry.side_targets)["kind"])


def _of_kind(kind: str) -> SideTargets:
    """Return one row in place of side targets that cannot be read, so that no problem follows."""
    if kind == CLASSES:
        return SideTargets(torch.zeros(1, dtype=torch.int64))
    return SideTargets(torch.zeros(1, 1))


def _check_width(
    entry: DatasetConfig,
    own: Sequence[Outline],
    fitted_on: DatasetConfig,
    others: Sequence[Outline],
    at: At,
) -> None:
    """Report rows with another number of values than those to which the steps are fitted.

    The sizes of images are not known exactly.
    """
    own_sizes, other_sizes = (
        {part.examples[0].numel() for part in parts if _is_of_rows(part)} for parts in (own, others)
    )
    if own_sizes and other_sizes and own_sizes != other_sizes:
        with at(f"{entry.path}.steps_fitted_on"):
            raise DataError(
                f"the samples of {entry.name!r} have {max(own_sizes):,} values, "
                f"those of {fitted_on.name!r} have {max(other_sizes):,}"
            )


def _is_of_rows(part: Outline) -> bool:
    return len(part.examples) == 1 and part.examples[0].ndim == 1


def _after_steps(entry: DatasetConfig, part: Outline, n_samples: int | None, at: At) -> Outline:
    """Return the outline of samples that have gone through the steps of a data set."""
    examples = [example.float() for example in part.examples]
    for index, step in enumerate(build_steps(entry.steps)):
        with at(f"{entry.path}.steps[{index}]"):
            examples = [_after_step(step, example, n_samples) for example in examples]
    return replace(part, examples=tuple(examples)) if entry.steps else part


def _after_step(step: Transformation, example: Tensor, n_samples: int | None) -> Tensor:
    """Return an example of samples that have gone through a step.

    If the number of samples is unknown, it is as large as the step needs.
    """
    n_values = example.numel()
    width = step.width(n_values if n_samples is None else n_samples, n_values)
    return example if width == n_values else example.new_zeros(width)


def _outline_parts(entry: DatasetConfig, at: At, arrays: Arrays) -> Sequence[Outline]:
    """Return the outline of each part, an unknown one for a part with a problem."""
    outlines = []
    for index, part in enumerate(entry.parts or ({},)):
        outlines.append(UNKNOWN)
        try:
            options = {**entry.options, **part}
            outlines[-1] = outline_data(entry.source, entry.dataset, options, arrays)
        except DataError as error:
            with at(f"{entry.path}.{_key_of(entry, index, error)}"):
                raise _with_suggestion(error) from error
    return outlines


def _encoded_like(
    fitted_on: DatasetConfig, parts: Sequence[Outline], arrays: Arrays
) -> Sequence[Outline]:
    """Return the outlines of data that get the encoding of another data set."""
    try:
        training = outline_data(fitted_on.source, fitted_on.dataset, fitted_on.options, arrays)
    except DataError:  # a problem of that data set
        return parts
    return [replace(part, examples=training.examples) for part in parts]


def _key_of(entry: DatasetConfig, index: int, error: DataError) -> str:
    """Return the key of a data set that an error of one of its parts is about."""
    if not isinstance(error, OptionError):
        return "dataset"
    is_own = entry.parts and error.key in entry.parts[index]
    return f"parts[{index}].{error.key}" if is_own else error.key


def _with_suggestion(error: DataError) -> DataError:
    """Return the error with the name that the user may have meant."""
    if isinstance(error, OptionError) and (name := closest(error.value, error.known)):
        return DataError(f"{error}; did you mean {name!r}?")
    return error


def _check_sizes(entry: DatasetConfig, whole: Outline, at: At) -> Outline:
    """Return the outline of the samples in use."""
    n_samples = whole.n_samples
    if n_samples is None:
        return whole
    ends = ("index_of_last_sample_to_use", "index_of_first_sample_to_use")
    beyond = entry.last is not None and entry.last >= n_samples
    with at(f"{entry.path}.{ends[0] if beyond or entry.first is None else ends[1]}"):
        n_samples = size_of_range(n_samples, entry.first, entry.last)
    with at(f"{entry.path}.batch_size"):
        drops = entry.drop_last and bool(entry.phases)
        check_batch_size(n_samples, Loading(entry.batch_size, drop_last=drops))
    return replace(whole, n_samples=n_samples)


def _shape_of_parts(
    parts: Sequence[Outline], transforms: Sequence[Options], draws: int, path: str, at: At
) -> Shape | None:
    """Return the shape of samples of all parts in a view, None if it is unknown."""
    shapes = [_view_shape(part, transforms, draws, path, at) for part in parts]
    known = [shape for shape in shapes if shape is not None]
    for shape in known:
        if shape != known[0]:
            with at(path):
                raise _different_shapes(known[0], shape)
            return None
    return known[0] if known and len(known) == len(shapes) else None


def _different_shapes(shape: Shape, other: Shape) -> DataError:
    return DataError(
        f"samples would have different shapes, such as {shape} and {other}; resize all to one size"
    )


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error of transforms.

    index: of the transform that fails; None if all run, but not to one shape of float32.
    shape: of the samples that it gets, None if it is unknown.
    """

    error: Exception
    index: int | None
    shape: Shape | None


def _view_shape(
    part: Outline, transforms: Sequence[Options], draws: int, path: str, at: At
) -> Shape | None:
    """Return the shape of every sample in a view, None if it is unknown.

    Args:
        part: its examples are of one kind of samples, uint8 images (C, H, W) or float32. Several
            images without origins stand for images of any size; a problem is then an error that
            all sizes have.
        transforms: entries of the view.
        draws: the number of draws of a random view whose shapes must be equal.
        path: the JSON path of the transforms.
        at: takes the problem.
    """
    examples = part.examples
    outcomes = [_shape_or_failure(transforms, example, draws) for example in examples]
    if part.origins:
        return _common_shape(part.origins, outcomes, path, at)
    shapes = {outcome for outcome in outcomes if not isinstance(outcome, _Failure)}
    failures = [outcome for outcome in outcomes if isinstance(outcome, _Failure)]
    if not failures:
        return shapes.pop() if len(shapes) == 1 else None
    failure, index = failures[0], failures[0].index
    if shapes or any(other.index != index for other in failures):
        return None
    has_any_size = len(examples) > 1
    if has_any_size and index is not None:
        large = examples[0][:, :1, :1].expand(-1, *_LARGE_IMAGE)
        if _failing_transform(transforms[: index + 1], large, 1) != index:
            return None
    sizes = examples[0].shape[-2:] if has_any_size else ()
    with at(path if index is None else f"{path}[{index}]"):
        raise DataError(_without_sizes(_message(failure), sizes)) from failure.error
    return None


def _common_shape(
    origins: Sequence[str], outcomes: Sequence[Shape | _Failure], path: str, at: At
) -> Shape | None:
    """Return the shape of samples that the examples come from; a problem names their origins."""
    first = outcomes[0]
    for origin, outcome in zip(origins, outcomes, strict=True):
        if isinstance(outcome, _Failure):
            with at(path if outcome.index is None else f"{path}[{outcome.index}]"):
                raise DataError(f"{origin}: {_message(outcome)}") from outcome.error
            return None
        if outcome != first:
            with at(path):
                raise DataError(
                    f"samples would have different shapes: {origins[0]} has {first}, and {origin} "
                    f'{outcome}; {{"type": "Resize", "size": [height, width]}} makes them equal, '
                    'and so do a "Resize" to one number and a "CenterCrop"'
                )
            return None
    return first if not isinstance(first, _Failure) else None


def _message(failure: _Failure) -> str:
    message, shape = cause_of(failure.error).rstrip("."), failure.shape
    if failure.index is None or shape is None:
        return message
    if len(shape) != 3:  # noqa: PLR2004 - (C, H, W)
        return f"{message}; it gets samples of shape {shape}, which are not images"
    channels = "1 channel" if shape[0] == 1 else f"{shape[0]} channels"
    return f"{message}; it gets samples of shape {shape}, with {channels}"


def _without_sizes(message: str, sizes: Sequence[int]) -> str:
    """Return a message with H and W in place of the height and width of an example."""
    for size, letter in zip(sizes, "HW", strict=False):
        message = re.sub(rf"\b{size}\b", letter, message)
    return message


def _shape_or_failure(
    transforms: Sequence[Options], example: Tensor, draws: int
) -> Shape | _Failure:
    try:
        return _apply(transforms, example, draws)
    except (DataError, *TRANSFORM_ERRORS) as error:
        index = _failing_transform(transforms, example, draws)
        return _Failure(error, index, _shape_before(transforms[:index], example))


def _shape_before(transforms: Sequence[Options], example: Tensor) -> Shape | None:
    try:
        return _apply(transforms, example, 1)
    except (DataError, *TRANSFORM_ERRORS):
        return None


def _apply(transforms: Sequence[Options], example: Tensor, draws: int) -> Shape:
    """Return the shape of samples like an example in a view.

    Raises:
        DataError: the transforms do not fit the example, or its shape depends on the draw.
    """
    view = View(transforms, RandomStreams(0), example)
    if view.is_batched and draws > 1:
        return tuple(
            view.transform_batch(example.expand(draws, *example.shape).clone(), ()).shape[1:]
        )
    shapes = [tuple(view.transform_sample(example, (draw,)).shape) for draw in range(draws)]
    for shape in shapes:
        if shape != shapes[0]:
            raise _different_shapes(shapes[0], shape)
    return shapes[0]


def _failing_transform(transforms: Sequence[Options], example: Tensor, draws: int) -> int | None:
    """Return the index of the first transform that fails; None if the result is at fault."""
    for index in range(len(transforms)):
        try:
            _apply(transforms[: index + 1], example, draws)
        except (TransformError, *TRANSFORM_ERRORS):
            return index
        except DataError:  # of the result, which later transforms may change
            continue
    return None
