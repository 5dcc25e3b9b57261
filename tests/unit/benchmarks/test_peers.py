"""Methods are paired with those of ClustPy, and trained for as long."""

import importlib.util
from inspect import signature

import pytest

from benchmarks import peers
from dcrf.errors import DataError

is_installed = importlib.util.find_spec("clustpy") is not None


@pytest.mark.parametrize(
    ("iterations", "epochs"),
    [([370, 740], (10, 20)), ([370], (10, 1)), ([1, 1], (1, 1)), ([370, 370, 370], (10, 20))],
)
def test_epochs_are_those_of_our_run(iterations, epochs):
    assert peers.epochs_of(iterations, n_samples=9298, batch_size=256) == epochs  # 37 batches


def test_the_page_names_both_libraries():
    row = ["dec_usps", "DEC", "10 + 20", "0", "0.764", "0.761", "0.787", "0.780", "60", "80"]
    page = peers.page([row], "0.0.3")

    assert "ClustPy 0.0.3" in page
    assert page.splitlines()[-1] == f"| {' | '.join(row)} |"


@pytest.mark.skipif(is_installed, reason="clustpy is installed")
def test_a_missing_clustpy_is_named_with_its_remedy():
    with pytest.raises(DataError, match=r"clustpy .* pip install 'dcrf\[peers\]'"):
        peers.main([])


def test_every_peer_exists_and_takes_its_arguments():
    deep = pytest.importorskip("clustpy.deep")

    for peer in peers.PEERS.values():
        known = signature(getattr(deep, peer.name)).parameters
        assert {*peer.arguments, *peer.phases, "batch_size", "random_state"} <= known.keys()
