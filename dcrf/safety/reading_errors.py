"""Exceptions that libraries raise for missing, damaged or unexpected files."""

import pickle
import struct
import tarfile
import tokenize
import zipfile
import zlib

from PIL.Image import DecompressionBombError

READING_ERRORS = (
    OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError, EOFError,
    ImportError,
    AssertionError,  # torchvision: a file of MNIST with other content, such as a web page
    SyntaxError,  # PIL: a broken PNG
    pickle.UnpicklingError, tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error,
    tokenize.TokenError,  # numpy: a broken header
    DecompressionBombError,  # PIL: an image of more than 178,956,970 pixels
)  # fmt: skip
