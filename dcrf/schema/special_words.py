"""Words of method files that no schema file has."""

COMMENT = "$comment"
"""The key of a comment, a text or a list of texts, which any object may have."""

AUTO = "auto"
"""A size that the data determine. It is a number before any call is checked."""
AUTO_ARGUMENTS = frozenset(
    {
        *("in_features", "out_features", "in_channels", "out_channels"),
        *("sizes", "channels", "unflattened_size"),
    }
)
"""Arguments of layers that may have such a size."""
