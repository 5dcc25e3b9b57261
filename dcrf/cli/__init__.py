"""The command line: parse flags, find and check method files, run them."""
