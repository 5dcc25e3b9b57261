"""Formulas of the papers as pure functions: tensors in, tensors out."""
