"""What the tests of whole runs share."""

import pytest

from dcrf.cli import main
from tests.cases.methods import written


@pytest.fixture
def run(tmp_path, capsys):
    """Run a method; return its folder."""
    folders = iter(range(100))

    def runner(content, *flags, code=0):
        output = tmp_path / f"runs{next(folders)}"
        found = main([written(tmp_path, content), "--output_dir", str(output), *flags])
        assert found == code, capsys.readouterr().err
        made = sorted(output.glob("*/*"))
        return made[0] if len(made) == 1 else made

    return runner
