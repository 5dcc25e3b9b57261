"""Optional packages."""

import pytest

from dcrf.errors import DataError
from dcrf.extras import optional_package


def test_an_installed_package_is_imported():
    assert optional_package("json", "none").loads("1") == 1


def test_a_missing_package_is_an_error_with_the_command_that_installs_it():
    with pytest.raises(DataError, match=r"no_such_package .*pip install 'dcrf\[extra\]'"):
        optional_package("no_such_package", "extra")


def test_a_folder_named_like_a_package_is_not_the_package(tmp_path, monkeypatch):
    (tmp_path / "no_such_package").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match="no_such_package cannot be imported"):
        optional_package("no_such_package", "extra")
