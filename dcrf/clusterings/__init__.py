"""Classical clusterings of feature rows, one module each."""
