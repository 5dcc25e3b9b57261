"""Partition a set of one's own with a method that has learned to cluster."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from dcrf.assignment.set_assignment import SetAssignment
from dcrf.batch import Batch, DatasetPass
from dcrf.builder.problem_sources import most_objects_of
from dcrf.errors import DataError, DcrfError, first_line
from dcrf.pictures.partitioned_set import PartitionedSet
from dcrf.runs.trained_run import TrainedRun
from dcrf.training.partition_sets import partition_sets


def predict_set(run: TrainedRun, file: Path) -> PartitionedSet:
    """Return the set in a file with its partitions.

    Args:
        run: of a method that partitions sets.
        file: with a row or an array for each object, like those that the method was trained on:
            a table or an array of numpy.

    Raises:
        DataError: the file cannot be read, or the set does not fit the method; the message names
            the file.
    """
    assignment = cast(SetAssignment, run.method.assignment)
    objects = _objects(run, file)
    most = most_objects_of(run.dataset)
    if len(objects) > most:
        raise DataError(
            f"{file}: the set has {len(objects)} objects, but the method has learned from sets of "
            f"at most {most} (num_objects)"
        )
    batch = Batch(torch.zeros(1, dtype=torch.int64), objects.unsqueeze(0))
    with torch.no_grad():
        data_pass = DatasetPass(1, lambda function, _: function(batch))
        try:
            (partitioned,) = partition_sets(assignment, data_pass, torch.arange(1), None, {})
        except (DcrfError, RuntimeError, ValueError) as error:
            shape = tuple(objects.shape[1:])
            cause = first_line(error)
            raise DataError(
                f"{file}: objects of shape {shape} do not fit the method: {cause}"
            ) from error
    return partitioned


def _objects(run: TrainedRun, file: Path) -> Tensor:
    """Return the objects (n, *object_shape) in the default view of the data set."""
    opened = run.open_file(file)
    return opened.data_pass(lambda batch: batch.samples, torch.arange(opened.n_samples))
