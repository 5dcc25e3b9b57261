"""Build data sources of clustering problems."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dcrf.builder.data_sources import open_source
from dcrf.config.method_config import DatasetConfig, Options
from dcrf.data.batch_order import Loading, check_batch_size
from dcrf.data.data_source import DataSource
from dcrf.data.problems.class_problems import ClassProblems
from dcrf.data.problems.problem_source import ProblemSource
from dcrf.data.problems.problems import ProblemMaker, check_least_clusters, range_of_objects
from dcrf.data.sources.load import problem_maker
from dcrf.data.sources.raw_data import NO_ARRAYS, Arrays
from dcrf.errors import DataError, OptionError
from dcrf.randomness import RandomStreams


def open_problems(
    entry: DatasetConfig, streams: RandomStreams, device: str, arrays: Arrays = NO_ARRAYS
) -> ProblemSource:
    """Open a data set of clustering problems.

    Args:
        entry: the data set.
        streams: of the run's seed.
        device: a torch device name.
        arrays: data handed over in Python.

    Raises:
        DataError: the data cannot be read, or do not fit the configuration.
    """
    loading = Loading(entry.batch_size, device=device)
    try:
        if entry.class_problems is None:
            maker, n_problems = problem_maker(
                entry.source, entry.dataset, entry.options, entry.num_clusters
            )
            notes: tuple[str, ...] = ()
        else:
            objects = open_objects(entry, streams, device, arrays)
            maker = class_problems(entry.class_problems, objects, entry.num_clusters)
            n_problems, notes = entry.class_problems["num_problems"], objects.notes
        check_batch_size(n_problems, loading)
    except DataError as error:
        raise DataError(f"data set {entry.name}: {error}") from error
    return ProblemSource(entry.name, maker, n_problems, loading, streams, notes)


def open_objects(
    entry: DatasetConfig, streams: RandomStreams, device: str, arrays: Arrays = NO_ARRAYS
) -> DataSource:
    """Open the samples that are the objects of problems, with their views.

    Raises:
        DataError: the data cannot be read.
    """
    objects = replace(entry, drop_last=False)
    return open_source(objects, streams, device, is_trained_on=False, arrays=arrays)


def class_problems(options: Options, objects: DataSource, n_clusters: int) -> ProblemMaker:
    """Return the maker of problems whose clusters are classes of samples.

    Raises:
        DataError: the classes or numbers do not fit.
    """
    per_class, least_clusters = options["min_objects_per_class"], options["min_clusters"]
    most_clusters = most_clusters_of(options, n_clusters)
    check_least_clusters(least_clusters, most_clusters)
    least, most = range_of_objects(options["num_objects"], most_clusters * per_class)
    classes = classes_of(options)
    return ClassProblems(objects, classes, least, most, least_clusters, most_clusters, per_class)


def most_objects_of(entry: DatasetConfig) -> int:
    """Return the greatest number of objects of the problems of a data set that has problems."""
    options = entry.options if entry.class_problems is None else entry.class_problems
    _, most = range_of_objects(options["num_objects"], 0)
    return most


def most_clusters_of(options: Options, n_clusters: int) -> int:
    """Return the greatest number of clusters of the problems of an entry.

    Raises:
        OptionError: it exceeds `n_clusters`.
    """
    most = options.get("max_clusters", n_clusters)
    if most > n_clusters:
        raise OptionError("max_clusters", f"it is {most}, but num_clusters {n_clusters}")
    return most


def classes_of(options: Options) -> NDArray[np.int64] | None:
    """Return the labels that an entry of class problems names, None for all."""
    if "classes" in options:
        return np.array(options["classes"])
    if "first_class" in options:
        return np.arange(options["first_class"], options["last_class"] + 1)
    return None
