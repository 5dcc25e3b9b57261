"""What the tests of the builder share."""

from pathlib import Path

import pytest

from dcrf.config import load_checked
from tests.cases.methods import method, written


@pytest.fixture
def load(tmp_path):
    def loader(**changes):
        return load_checked(Path(written(tmp_path, method(**changes))))

    return loader
