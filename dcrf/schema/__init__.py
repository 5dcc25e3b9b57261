"""The names that a method file may use: components by stem, torch's members by allow-list."""
