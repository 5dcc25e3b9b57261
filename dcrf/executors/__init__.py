"""Executors: where the runs of an invocation are executed, each in a module of its name."""
