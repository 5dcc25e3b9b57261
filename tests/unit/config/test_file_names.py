from pathlib import Path

import pytest

from dcrf.config.file_names import clean_name, saved_file, with_seed


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("my method", "my_method"),
        ("a/b\\c:d*e", "abcde"),
        ("v1.2_x-y", "v1.2_x-y"),
        ("../../etc", "....etc"),
        ("..", "_"),
        ("///", "_"),
    ],
)
def test_names_lose_what_file_names_cannot_have(name, cleaned):
    assert clean_name(name) == cleaned


def test_a_target_with_a_dot_is_a_file():
    assert saved_file(Path("/a/x.pth"), "m", "d", "enc", None) == Path("/a/x.pth")
    assert saved_file(Path("/a/x.pth"), "m", "d", "enc", 3) == Path("/a/x_seed3.pth")


def test_a_target_without_a_dot_is_a_folder():
    assert saved_file(Path("/a.b/x"), "my m", "d", "enc", None) == Path("/a.b/x/my_m_d_enc.pth")
    assert saved_file(Path("x"), "m", "v1.2", "enc", 0) == Path("x/m_v1.2_enc_seed0.pth")


def test_a_seed_goes_before_the_suffix():
    assert with_seed(Path("/a/c.pt"), 12) == Path("/a/c_seed12.pt")
