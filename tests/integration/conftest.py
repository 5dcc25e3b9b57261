"""What the tests of whole runs share."""

import signal
import subprocess
import sys

import pytest

from dcrf.cli.find_files import ROOT
from dcrf.cli.main import main
from dcrf.runs.process_entry import start_server
from tests.cases.methods import written


@pytest.fixture(scope="session", autouse=True)
def server():
    """The server of processes, which has imported the source of nearly every method here."""
    start_server(["dcrf.data.sources.sklearn"])


@pytest.fixture
def run(tmp_path, capsys):
    """Run a method without a report; return its folder."""
    folders = iter(range(100))

    def runner(content, *flags, code=0):
        output = tmp_path / f"runs{next(folders)}"
        always = ["--output_dir", str(output), "--no_report"]
        found = main([written(tmp_path, content), *always, *flags])
        assert found == code, capsys.readouterr().err
        made = sorted(output.glob("*/*"))
        return made[0] if len(made) == 1 else made

    return runner


@pytest.fixture
def start(tmp_path):
    """Start `main.py`; the process is gone when the test ends."""
    started = []

    def starter(*arguments, through=(), stderr=subprocess.PIPE, env=None):
        # a shell that starts the tests in the background lets them, and their children, ignore it
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = subprocess.Popen(
                [*through, sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
                cwd=tmp_path, stdout=subprocess.PIPE, stderr=stderr, text=True, env=env,
            )  # fmt: skip
        finally:
            signal.signal(signal.SIGINT, before)
        started.append(process)
        return process

    yield starter
    for process in started:
        process.kill()
        process.communicate()
