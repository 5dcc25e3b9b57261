"""The method of a reproduction finds its data, and its runs are told apart by what they do."""

from pathlib import Path

from dcrf.cli.find_files import ROOT
from dcrf.reproduction.method import method_content, method_digest
from tests.unit.reproduction.cases import reproduction


def test_data_are_those_of_the_checkout_or_of_a_folder(tmp_path):
    (own,) = method_content(reproduction())["datasets"]
    (moved,) = method_content(reproduction(), tmp_path)["datasets"]

    assert Path(own["root"]) == ROOT / "datasets" / "usps"
    assert Path(moved["root"]) == tmp_path / "usps"


def test_data_in_files_are_found_and_those_of_the_method_stay(tmp_path):
    (images,) = method_content(reproduction(method="jule_coil20"), tmp_path)["datasets"]
    (topics,) = method_content(reproduction(method="fixed_representatives_km50_topics"), tmp_path)[
        "datasets"
    ]

    assert Path(images["path"]) == tmp_path / "coil20" / "coil20.npz"
    assert Path(topics["path"]).is_file()


def test_method_digest_other_settings_or_data_have_another_digest(tmp_path):
    content = method_content(reproduction())
    described = {**content, "description": "Other words."}
    moved = method_content(reproduction(), tmp_path)

    own = method_digest(content, [])
    assert own == method_digest(described, [])
    assert (
        len({own, method_digest(content, ["--max_iterations", "3"]), method_digest(moved, [])}) == 3
    )
