"""Guards against untrusted input: size limits, archives, headers, pickles, terminal escapes."""
