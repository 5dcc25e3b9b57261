"""A method without memory, and where its parts stand in the file."""

from dataclasses import dataclass

from dcrf.builder.method import Places, build_method
from dcrf.config.method_config import DatasetConfig, MethodConfig
from dcrf.dry_run.meta_stand_ins import META
from dcrf.dry_run.saved_parameters import SavedAhead
from dcrf.randomness import RandomStreams
from dcrf.training.method import Method


@dataclass(frozen=True, slots=True)
class BlankMethod:
    """A method without memory.

    places: its parts -> JSON path.
    saved: the files that it has saved by now.
    """

    method: Method
    places: Places
    saved: SavedAhead


def blank_method(config: MethodConfig, dataset: DatasetConfig, saved: SavedAhead) -> BlankMethod:
    """Make a method for a data set on torch's device `meta`."""
    places: Places = {}
    with META:
        method = build_method(config, dataset.num_clusters, RandomStreams(0), places)
    return BlankMethod(method, places, saved)
