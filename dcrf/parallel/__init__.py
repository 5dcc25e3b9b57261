"""One run in several processes: each runs its share of the rows of every network."""
