"""What libraries raise for files that are missing, damaged or of the wrong kind."""

import pickle
import struct
import tarfile
import tokenize
import zipfile
import zlib

from PIL.Image import DecompressionBombError

READING_ERRORS = (
    OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError, EOFError,
    ImportError, SyntaxError,  # SyntaxError: what PIL says of a broken PNG
    pickle.UnpicklingError, tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error,
    tokenize.TokenError,  # what numpy says of a broken header
    DecompressionBombError,  # what PIL says of an image of more than 178,956,970 pixels
)  # fmt: skip
"""What libraries raise for files that are missing, damaged or of the wrong kind."""
