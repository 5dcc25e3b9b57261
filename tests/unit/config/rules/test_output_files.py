import os

import pytest

from tests.unit.config.methods import dec, load, problem, problems

SAVE = "$.phases[0].save_mapping_parameters[0].path_to_file_or_dir"
CENTROIDS = "$.phases[1].save_centroids.path_to_file_or_dir"


def saving(target, key="encoder", **others):
    method = dec()
    entry = {"path_to_file_or_dir": str(target), **others}
    if key == "centroids":
        method["phases"][1]["save_centroids"] = entry
    else:
        method["phases"][0]["save_mapping_parameters"] = [{"mapping_name": key, **entry}]
    return method


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "folder.pth").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "into" / "small_dec_load_digits_encoder.pth").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("folder.pth", "is a folder"),
        ("into", "is a folder"),
        ("file", "is a file, not a folder"),
        ("file/a.pth", "is a file, not a folder"),
        ("file/deep/down", "is a file, not a folder"),
        ("dangling/a.pth", "is a file, not a folder"),
        ("/proc/x/a.pth", "is reserved for the operating system"),
        ("x" * 300 + ".pth", "its name has 304 bytes"),
        ("\u0416" * 110 + ".pth", "its name has 224 bytes"),
        ("x" * 300, "its path is too long"),
        ("/".join(["x" * 200] * 30), "its path is too long"),
    ],
)
@pytest.mark.parametrize(("key", "path"), [("encoder", SAVE), ("centroids", CENTROIDS)])
def test_what_cannot_be_saved_is_refused_before_it_is_trained(folder, key, path, target, cause):
    if (key, target) == ("centroids", "into"):
        (folder / "into" / "small_dec_load_digits_centroids.pth").mkdir()

    found = problem(folder, saving(target, key))

    assert found.path == path
    assert found.line
    assert cause in found.found
    assert found.remedy


@pytest.mark.parametrize(
    "target",
    ["new/deep/down", "new/a.pth", "file.pth", "into/a", "x" * 216 + ".pth", "\u0416" * 90],
)
def test_what_can_be_saved_passes(folder, target):
    load(folder, saving(target))


def test_a_folder_of_the_name_does_not_matter_where_old_files_are_kept(folder):
    load(folder, saving("folder.pth", keep_old_files=True))


def test_a_folder_without_permissions_is_refused(folder):
    (folder / "locked").mkdir(mode=0o500)
    if os.access(folder / "locked", os.W_OK):
        pytest.skip("this user may write everywhere")

    assert "is not writable" in problem(folder, saving("locked/a.pth")).found


def test_a_saved_file_is_no_folder_of_another(tmp_path):
    method = saving("a.pth")
    method["phases"][1]["save_centroids"]["path_to_file_or_dir"] = "a.pth/centroids.pth"

    assert problem(tmp_path, method).path == CENTROIDS


def test_all_that_cannot_be_saved_is_told_at_once(folder):
    method = saving("file/a.pth")
    method["phases"][1]["save_centroids"]["path_to_file_or_dir"] = "folder.pth"

    assert [found.path for found in problems(folder, method)] == [SAVE, CENTROIDS]


def test_what_is_disabled_saves_nothing(folder):
    method = saving("file/a.pth")
    method["phases"].append(
        {"name": "other", "order": 3, "exit_criteria": {"iterations": 1}, "enabled": False}
        | {"save_mapping_parameters": [{"mapping_name": "encoder", "path_to_file_or_dir": "file"}]}
    )
    method["phases"][0]["save_mapping_parameters"] = []

    load(folder, method)
