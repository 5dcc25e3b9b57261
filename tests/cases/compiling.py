"""Whether torch.compile works here."""

import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

HEADERS = Path(sysconfig.get_path("include")) / "Python.h"
CAN_COMPILE = sys.platform == "linux" and shutil.which("g++") and HEADERS.exists()
compiles = pytest.mark.skipif(
    not CAN_COMPILE, reason="torch.compile needs g++ and Python's headers"
)
