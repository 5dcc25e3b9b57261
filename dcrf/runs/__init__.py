"""Run methods: one run and its folder, resuming, and many runs through an executor."""
