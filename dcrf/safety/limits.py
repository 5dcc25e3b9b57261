"""All limits on untrusted input and on memory. Imports nothing, so any part can use it."""

MEMORY_BUDGET = 2 * 2**30
"""Bytes up to which something is made of samples and kept in memory."""

MOST_VALUES = 2**26
"""Numbers in one sample, as in an image of 8192 x 8192: more are taken for a mistake."""
