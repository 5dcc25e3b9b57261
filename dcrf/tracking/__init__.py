"""Trackers: programs that show the curves of many runs, each in a module of its name."""
