"""Commands: what the command line names, checked and planned, then run."""
