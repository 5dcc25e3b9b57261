"""One file with `"auto"` runs on data of several widths; its runs hold the numbers."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import dcrf
from dcrf.cli.commands import main
from dcrf.cli.find_files import ROOT
from dcrf.cli.main import main as run_files
from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.dry_run.shapes import sample_shapes
from dcrf.runs.new_method import new_method
from dcrf.runs.trained_run import open_run
from tests.cases.methods import method, result, written
from tests.cases.set_methods import DIGITS, set_method

AUTO = "auto"
RANDOM = np.random.default_rng(0)
ENCODER = {
    "type": "feature_extractor",
    "name": "encoder",
    "layers": [{"type": "Flatten"}, {"type": "mlp", "sizes": [AUTO, 6, 2]}],
}
DECODER = {
    "type": "design_pattern_specific",
    "name": "decoder",
    "mirror_of": "encoder",
    "sample_shape": AUTO,
}


def automatic(**dataset):
    """A method for samples of any shape."""
    entry = {"batch_size": 20, "num_clusters": 3, "sampling": "shuffled", **dataset}
    content = method(mappings=[ENCODER, DECODER], datasets=[entry])
    patterns = content["phases"][1]["design_patterns"]
    content["phases"][1]["design_patterns"] = [
        pattern for pattern in patterns if "batch_augmentation_name" not in pattern
    ]
    return content


def table(folder, n_columns, name="rows.npy"):
    np.save(folder / name, RANDOM.normal(size=(40, n_columns)).astype(np.float32))
    return {"source": "npy", "path": name}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def first_layer(folder):
    content = json.loads((folder / "config.json").read_text())
    return next(layer for layer in content["mappings"][0]["layers"] if "in_features" in layer)


def test_one_file_runs_on_tables_of_different_widths(here):
    file = written(here, automatic(**table(here, 4)))
    table(here, 7, "wide.npy")

    assert run_files([file]) == 0
    assert run_files([file, "--set", "datasets[0].path=wide.npy"]) == 0
    folders = sorted(here.glob("runs/*/*"))
    assert [first_layer(folder)["in_features"] for folder in folders] == [4, 7]


def test_a_run_resumes_and_opens_by_its_numbers(here):
    file = written(here, automatic(**table(here, 4)))
    flags = ["--keep_checkpoints", "--checkpoint_interval", "1"]
    assert run_files([file, *flags]) == 0
    (folder,) = here.glob("runs/*/*")
    before = result(folder)
    (folder / "result.json").unlink()

    assert run_files(["--resume", str(folder / "config.json")]) == 0
    assert list(here.glob("runs/*/*")) == [folder]
    assert result(folder)["datasets"][0]["evaluation"] == before["datasets"][0]["evaluation"]
    (here / "rows.npy").unlink()
    assert open_run(folder).method.mappings["encoder"].net[1].in_features == 4
    assert "auto" not in (folder / "config.json").read_text().replace("autoencoder", "")


def test_a_file_resumes_by_the_numbers_of_its_data(here, capsys):
    file = written(here, automatic(**table(here, 4)))
    assert run_files([file]) == 0
    capsys.readouterr()

    assert run_files([file, "--resume"]) == 0
    assert "is finished" in capsys.readouterr().out
    table(here, 7)
    assert run_files([file, "--resume"]) == 2
    assert "in_features" in capsys.readouterr().err


def test_files_are_validated_printed_and_described_with_numbers(here, capsys):
    file = written(here, automatic(**table(here, 4)))

    assert run_files([file, "--validate"]) == 0
    assert capsys.readouterr().out == f"{file}: ok\n"
    assert run_files([file, "--print_config"]) == 0
    first, second = json.loads(capsys.readouterr().out)["mappings"]
    assert first["layers"][1]["in_features"] == 4
    assert second["layers"][-1]["unflattened_size"] == [4]
    assert main(["describe", file]) == 0
    assert "encoder: feature extractor, 4 -> 2" in capsys.readouterr().out


@pytest.mark.slow
def test_only_the_processes_of_runs_import_torch(here):
    written(here, automatic(**table(here, 4)))
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "if __name__ == '__main__':\n"
        "    from dcrf.cli.main import main\n"
        "    assert main(['method.json', '--max_iterations', '1']) == 0\n"
        "    assert not {'torch', 'numpy', 'sklearn'} & sys.modules.keys()\n"
    )
    (here / "program.py").write_text(program)
    command = [sys.executable, "program.py", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_arrays_in_memory_have_a_shape(here):
    content = automatic(source="memory", dataset="mine")
    for shape in ((3,), (1, 4, 4)):
        samples = RANDOM.normal(size=(40, *shape)).astype(np.float32)
        trained = dcrf.run(content, data={"mine": samples}, max_iterations=1, device="cpu")

        assert trained.config.mappings[0].layers[1]["in_features"] == np.prod(shape)
        assert trained.assign(samples[:2]).shape == (2, 3)


def test_missing_arrays_are_a_problem(here):
    with pytest.raises(dcrf.ConfigError, match="'mine'") as caught:
        dcrf.run(automatic(source="memory", dataset="mine"))

    (problem,) = caught.value.problems
    assert problem.path == "$.datasets[0].source"
    assert "a number there needs no data" in problem.remedy


def test_the_estimator_fills_them_in(here):
    content = automatic(**table(here, 4))
    estimator = dcrf.DeepClustering(content, n_clusters=2, max_iterations=2, device="cpu")

    assert estimator.fit(RANDOM.normal(size=(30, 9))).n_features_in_ == 9
    assert estimator.result_.config.mappings[0].layers[1]["in_features"] == 9


def test_a_file_whose_data_are_missing_takes_other_data(here):
    file = written(here, automatic(source="npy", path="missing.npy"))
    table(here, 5)
    for index, size in enumerate(((20, 30), (16, 16), (16, 16))):
        (here / "pictures").mkdir(exist_ok=True)
        Image.new("RGB", size).save(here / f"pictures/{index}.png")
    rows = load_checked(new_method(here / "rows.npy", 4, file, {}).content)
    images = load_checked(new_method(here / "pictures", 2, file, {}).content)

    check(rows)
    check(images)
    assert rows.mappings[0].layers[1]["in_features"] == 5
    assert images.mappings[0].layers[1]["in_features"] == 32 * 32


def test_other_sizes_of_the_file_are_replaced_too(here):
    """Its encoder has `"auto"`, its classifier a number."""
    head = {"type": "Linear", "in_features": 2, "out_features": 3}
    classifier = {"type": "feature_space_classifier", "name": "head", "layers": [head]}
    content = automatic(**table(here, 5))
    content["mappings"].append(classifier)
    made = new_method(here / "rows.npy", 4, written(here, content), {}).content

    assert made["mappings"][0]["layers"][1]["sizes"] == [5, 6, 2]
    assert made["mappings"][2]["layers"][0]["out_features"] == 4


def test_classifiers_run_with_the_number_of_clusters(here):
    samples = RANDOM.normal(size=(40, 4)).astype(np.float32)
    content = automatic(source="memory", dataset="mine", num_clusters=3)
    head = [{"type": "Linear", "in_features": 2, "out_features": AUTO}]
    softmax = {"type": "Softmax", "dim": 1}
    content["mappings"].append(
        {"type": "feature_space_classifier", "name": "head", "layers": [*head, softmax]}
    )
    content["cluster_assignment_strategy"] = {
        "type": "classifier",
        "classifier_selection_criterion": "first_declared",
    }
    content["phases"] = [
        {
            "name": "all",
            "order": 1,
            "exit_criteria": {"iterations": 2},
            "design_patterns": [{"pattern": "information_maximization"}],
            "optimizers": [{"type": "Adam", "lr": 0.01, "trained_parts": ["encoder", "head"]}],
        }
    ]
    trained = dcrf.run(content, data={"mine": samples}, device="cpu")

    assert trained.assign(samples[:5]).shape == (5, 3)


def test_convolutions_get_the_channels(here):
    block = {"type": "conv", "channels": [AUTO, 3], "kernel_size": 3, "stride": 2}
    content = automatic(source="sklearn", dataset="load_digits")
    content["mappings"][0] = {**ENCODER, "layers": [block, {"type": "Flatten"}]}
    config = load_checked(content, shapes_of=sample_shapes)

    check(config)
    assert config.mappings[0].layers[0]["in_channels"] == 1
    assert config.mappings[1].layers[-1]["out_channels"] == 1


def test_sets_have_the_size_of_an_object(here):
    points = load_checked(
        set_method({"type": "Linear", "in_features": AUTO, "out_features": 8}),
        shapes_of=sample_shapes,
    )
    embed = {"type": "Linear", "in_features": AUTO, "out_features": 8}
    embed = {"type": "each_object", "layers": [{"type": "Flatten"}, embed]}
    images = load_checked(set_method(embed, datasets=[DIGITS]), shapes_of=sample_shapes)

    check(points)
    check(images)
    assert points.mappings[0].layers[0]["in_features"] == 2
    assert images.mappings[0].layers[0]["layers"][1]["in_features"] == 64


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ({"source": "npy", "path": "missing.npy"}, "missing.npy' does not exist"),
        ({"source": "csv", "path": "text.csv"}, '"auto" at $.mappings[0].layers[1].sizes[0] is'),
        ({"source": "image_folder", "path": "pictures"}, "samples would have different shapes"),
    ],
)
def test_data_without_one_shape_are_a_problem_and_no_traceback(here, capsys, dataset, expected):
    (here / "text.csv").write_text("a,b\n1,2\nx,3\n")
    for folder in ("a", "b"):
        (here / "pictures" / folder).mkdir(parents=True)
        for size in (16, 20):
            Image.new("RGB", (size, size)).save(here / f"pictures/{folder}/{size}.png")
    file = written(here, automatic(**dataset))

    for flags in (["--validate"], []):
        assert run_files([file, *flags]) == 2
        error = capsys.readouterr().err
        assert expected in error
        assert "Traceback" not in error
    assert not (here / "runs").exists()


def test_a_wrong_place_is_a_problem_of_widths(here, capsys):
    """A mapping on features may begin with `"auto"`, which is then not the number of features."""
    content = automatic(**table(here, 4))
    content["mappings"][1] = {
        "type": "design_pattern_specific",
        "name": "decoder",
        "layers": [{"type": "Linear", "in_features": AUTO, "out_features": AUTO}],
    }

    assert run_files([written(here, content), "--validate"]) == 2
    assert '"in_features": 2' in capsys.readouterr().err
