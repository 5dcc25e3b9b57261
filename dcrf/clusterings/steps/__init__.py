"""Steps before a clustering: they transform the rows that are clustered."""
