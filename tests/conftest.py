"""What holds for every test: one thread, no network, real data only where they are."""

import os
import socket
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# no deadline: how long an example takes says nothing here; derandomized: a failure comes again
settings.register_profile("dcrf", deadline=None, derandomize=True)
settings.load_profile("dcrf")

DATASETS = Path(__file__).parents[1] / "datasets"


def pytest_configure():
    # Tensors in tests are tiny: more threads cost more than they save, most of all on a machine
    # that is shared, and sums come out the same on every machine.
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of processes that tests and pytest-xdist start


def pytest_xdist_auto_num_workers():
    # a worker that waits for the processes of a test leaves its core to another one
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    if DATASETS.exists():
        return
    missing = pytest.mark.skip(reason=f"{DATASETS} is missing")
    for item in items:
        if "real_data" in item.keywords:
            item.add_marker(missing)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Fail a test that asks the network for something; sockets of this machine still work."""
    connect = socket.socket.connect

    def only_here(self, address):
        is_local = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
        assert is_local, f"a test must not use the network: {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)
