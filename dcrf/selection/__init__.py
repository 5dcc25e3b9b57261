"""Selection without labels: of the number of clusters, and among runs, in a common space."""
