"""Measure every shipped method over seeds, and write the table of methods."""
