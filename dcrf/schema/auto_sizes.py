"""The word for a size that the data determine, and the arguments of layers that may have it."""

AUTO = "auto"
"""In a file: a size that the data determine. It is a number before any call is checked."""

AUTO_ARGUMENTS = frozenset(
    {
        *("in_features", "out_features", "in_channels", "out_channels"),
        *("sizes", "channels", "unflattened_size"),
    }
)
