"""Pictures and tables for people, as functions of results."""
