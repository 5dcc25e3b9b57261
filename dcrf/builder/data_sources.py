"""From configuration to data sources."""

from dcrf.config.method_config import DatasetConfig
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sources.load import open_data
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams


def open_source(entry: DatasetConfig, streams: RandomStreams, device: str) -> DataSource:
    """Open a data set and its views.

    Raises:
        DataError: the data cannot be read, or do not fit what the file asks for.
    """
    raw = open_data(
        entry.source,
        entry.dataset,
        entry.options,
        parts=entry.parts,
        first=entry.first,
        last=entry.last,
    )
    if len(raw.samples) < entry.num_clusters:
        size, wanted = len(raw.samples), entry.num_clusters
        raise DataError(f"data set {entry.name}: {size} samples cannot form {wanted} clusters")
    loading = Loading(
        entry.batch_size,
        shuffle=entry.shuffle,
        drop_last=entry.drop_last,
        num_workers=entry.num_workers,
        pin_memory=entry.pin_memory,
        device=device,
    )
    return DataSource(
        entry.name, raw, entry.transforms, entry.batch_augmentations, loading, streams
    )
