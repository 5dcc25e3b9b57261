from itertools import chain

from dcrf.config import check_shared_files, load_checked
from tests.unit.config.methods import dec, write


def loaded(folder, name, **changes):
    return load_checked(write(folder, dec() | {"name": name} | changes, f"{name}.json"))


def without_centroids_saved():
    method = dec()
    del method["phases"][1]["save_centroids"]
    return {"phases": method["phases"]}


def loading(path):
    phases = without_centroids_saved()["phases"]
    phases[0]["load_mapping_parameters"] = [{"mapping_name": "decoder", "path_to_file": path}]
    return {"phases": phases}


def runs(*configs, seeds=(None,)):
    return [(config, seeds) for config in configs]


def refusals(configs, seeds=(None,)):
    return list(dict.fromkeys(chain(*check_shared_files(runs(*configs, seeds=seeds)))))


def test_one_method_may_save_to_its_files(tmp_path):
    assert not any(check_shared_files(runs(loaded(tmp_path, "a"), seeds=[1, 2, 3])))


def test_two_seeds_that_were_begun_together_go_on_together(tmp_path):
    first = loaded(tmp_path, "a")
    second = load_checked(first.source)  # as from the folder of its own run

    assert not any(check_shared_files([(first, [0]), (second, [1])]))


def test_two_methods_do_not_save_to_one_file(tmp_path):
    none, (problem,) = check_shared_files(runs(loaded(tmp_path, "a"), loaded(tmp_path, "b")))

    assert none == []
    assert problem.path == "$.phases[1].save_centroids.path_to_file_or_dir"
    assert "centroids.pth" in problem.found
    assert "a.json" in problem.found


def test_two_methods_of_one_name_do_not_save_to_one_folder(tmp_path):
    first = loaded(tmp_path, "a", **without_centroids_saved())
    second = load_checked(first.source)

    (problem,) = refusals([first, second], seeds=(1, 2))

    assert problem.path.startswith("$.phases[0].save_mapping_parameters[0]")


def test_methods_of_different_names_share_a_folder(tmp_path):
    assert not any(
        check_shared_files(
            runs(*(loaded(tmp_path, name, **without_centroids_saved()) for name in "ab"))
        )
    )


def test_two_parts_of_a_method_do_not_save_to_one_file(tmp_path):
    phases = dec()["phases"]
    phases[0]["save_mapping_parameters"][0]["path_to_file_or_dir"] = "centroids.pth"

    assert len(refusals([loaded(tmp_path, "a", phases=phases)])) == 1


def test_a_file_to_load_must_exist_or_be_saved_in_the_batch(tmp_path):
    reader = loaded(tmp_path, "reader", **loading("parameters/writer_load_digits_encoder.pth"))
    writer = loaded(tmp_path, "writer", **without_centroids_saved())

    (problem,) = refusals([reader])
    assert problem.path.startswith("$.phases[0].load_mapping_parameters[0].path_to_file")

    assert not any(check_shared_files(runs(writer, reader)))
    assert not any(check_shared_files(runs(writer, reader, seeds=[0, 1])))

    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "writer_load_digits_encoder.pth").write_bytes(b"")
    assert not any(check_shared_files(runs(reader)))


def test_a_centroid_file_must_exist(tmp_path):
    strategy = dec()["cluster_assignment_strategy"] | {
        "centroid_initialization_strategy": "load_from_file",
        "centroid_file_path": "missing.pth",
    }

    (problem,) = refusals([loaded(tmp_path, "a", cluster_assignment_strategy=strategy)])

    assert problem.path.startswith("$.cluster_assignment_strategy.centroid_file_path")


def test_what_is_saved_only_later_cannot_be_loaded_yet(tmp_path):
    reader = loaded(tmp_path, "reader", **loading("parameters/writer_load_digits_encoder.pth"))
    writer = loaded(tmp_path, "writer", **without_centroids_saved())

    for seeds in ([0], [0, 1]):
        problem = refusals([reader, writer], seeds)[0]
        assert problem.path.startswith("$.phases[0].load_mapping_parameters[0].path_to_file")
        assert "does not exist yet: $.phases[0].save_mapping_parameters[0]" in problem.found
        assert "writer.json" in problem.found


def test_a_phase_cannot_load_what_it_saves_itself_but_a_later_one_can(tmp_path):
    changes = loading("parameters/a_load_digits_encoder.pth")
    loads = changes["phases"][0].pop("load_mapping_parameters")

    changes["phases"][1]["load_mapping_parameters"] = loads
    assert not any(check_shared_files(runs(loaded(tmp_path, "a", **changes))))

    changes["phases"][0]["load_mapping_parameters"] = loads
    assert len(refusals([loaded(tmp_path, "a", **changes)])) == 1


def test_a_later_data_set_can_load_what_an_earlier_one_saved(tmp_path):
    changes = loading("parameters/a_first_encoder.pth")
    (dataset,) = dec()["datasets"]
    first, second = (dataset | {"name": name} for name in ("first", "second"))
    phases = changes["phases"]
    again = phases[0] | {"name": "again", "order": 3}
    del phases[0]["load_mapping_parameters"]
    datasets = [first | {"phases": ["pretraining"]}, second | {"phases": ["again", "finetuning"]}]
    made = {"phases": [*phases, again], "datasets": datasets}

    assert not any(check_shared_files(runs(loaded(tmp_path, "a", **made))))

    made["datasets"] = [dataset | {"order": -i} for i, dataset in enumerate(datasets)]
    assert "saves it later" in refusals([loaded(tmp_path, "a", **made)])[0].found


def test_a_method_cannot_begin_with_the_centroids_that_it_saves(tmp_path):
    strategy = dec()["cluster_assignment_strategy"] | {
        "centroid_initialization_strategy": "load_from_file",
        "centroid_file_path": "centroids.pth",
    }

    (problem,) = refusals([loaded(tmp_path, "a", cluster_assignment_strategy=strategy)])

    assert "does not exist yet: $.phases[1].save_centroids" in problem.found
