"""Runs and their folders: one run, many runs in processes of their own, and how they resume."""
