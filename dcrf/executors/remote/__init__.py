"""Runs on other machines, which share a file system with this one."""
