"""From a method file to a checked, filled `MethodConfig`. Nothing in here imports torch."""
