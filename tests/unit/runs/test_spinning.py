"""OpenMP threads wait for a short time only."""

import os

import pytest

from dcrf.runs.spinning import short_spinning, shorten_spinning


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # restored by monkeypatch even if the test deletes it
        monkeypatch.delenv(name)


def test_it_is_shortened_for_this_process_and_its_children():
    shorten_spinning()

    assert int(os.environ["GOMP_SPINCOUNT"]) > 0


@pytest.mark.parametrize(
    ("name", "value"), [("GOMP_SPINCOUNT", "7"), ("OMP_WAIT_POLICY", "passive")]
)
def test_what_the_user_sets_is_kept(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    before = dict(os.environ)

    with short_spinning():
        assert dict(os.environ) == before
    shorten_spinning()

    assert dict(os.environ) == before


def test_in_a_block_the_environment_is_restored_afterwards():
    before = dict(os.environ)

    with short_spinning():
        assert "GOMP_SPINCOUNT" in os.environ

    assert dict(os.environ) == before
