"""Design patterns: modules that turn a batch into losses."""
