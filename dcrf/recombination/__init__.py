"""Make many methods of one: a space of choices, its valid combinations, and their comparison."""
