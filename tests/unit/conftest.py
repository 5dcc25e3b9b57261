"""What the tests of the builder share."""

from pathlib import Path

import pytest

from dcrf.config import load_method
from tests.cases.methods import method, written


@pytest.fixture
def load(tmp_path):
    def loader(**changes):
        return load_method(Path(written(tmp_path, method(**changes))))

    return loader
