"""A method that extends another file runs as if it were written out."""

import json

from dcrf.cli.main import main
from tests.cases.methods import contents, method, written

CHANGES = {
    "extends": "shared/base.json",
    "name": "child",
    "phases": [
        {
            "name": "finetuning",
            "design_patterns": [{"name": "assignment_entropy", "loss_weight": 2}],
        },
        {"name": "extra", "order": 3, "exit_criteria": {"iterations": 2}},
    ],
    "datasets": [{"name": "digits", "batch_size": 40}],
}


def written_out():
    content = method(name="child")
    content["phases"][1]["design_patterns"][1]["loss_weight"] = 2
    content["phases"].append(CHANGES["phases"][1])
    content["datasets"][0]["batch_size"] = 40
    return content


def extending(folder):
    """Write a method and its base; return the path of the method."""
    written(folder / "shared", method(name="base", abstract=True), "base.json")
    return written(folder, CHANGES, "child.json")


def test_results_are_those_of_the_written_out_method(tmp_path, run):
    expected = run(written_out())
    written(tmp_path / "shared", method(name="base", abstract=True), "base.json")

    folder = run(CHANGES)

    assert contents(folder) == contents(expected)
    configurations = [json.loads((f / "config.json").read_text()) for f in (folder, expected)]
    assert configurations[0] == configurations[1]


def test_a_changed_base_refuses_to_resume(tmp_path, capsys):
    file, flags = extending(tmp_path), ["--output_dir", str(tmp_path / "runs")]
    assert main([file, *flags]) == 0
    base = method(name="base", abstract=True)
    base["phases"][0]["optimizers"][0]["lr"] = 0.5
    written(tmp_path / "shared", base, "base.json")

    code = main([file, *flags, "--resume"])

    assert code == 2
    assert (
        "$.phases[0].optimizers[0].lr: it was 0.01 when the run started" in capsys.readouterr().err
    )


def test_the_printed_method_is_that_of_the_run(tmp_path, capsys):
    file = extending(tmp_path)
    assert main([file, "--output_dir", str(tmp_path / "runs"), "--seed", "3"]) == 0
    (config,) = (tmp_path / "runs").glob("*/*/config.json")
    capsys.readouterr()

    assert main([file, "--print_config", "--set", "seed=3"]) == 0

    assert json.loads(capsys.readouterr().out) == json.loads(config.read_text())


def test_printing_an_invalid_method_tells_its_problems(tmp_path, capsys):
    file = written(tmp_path, {"extends": "missing.json"})

    assert main([file, "--print_config"]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert "missing.json does not exist" in err


def test_a_method_is_printed_without_its_data(tmp_path, capsys):
    base = method()
    views = base["datasets"][0]["batch_augmentations"]
    sizes = {"batch_size": 50, "num_clusters": 10, "batch_augmentations": views}
    file = written(
        tmp_path, {**base, "datasets": [{"source": "npz", "path": "absent.npz", **sizes}]}
    )

    assert main([file, "--print_config"]) == 0

    assert json.loads(capsys.readouterr().out)["datasets"][0]["path"].endswith("absent.npz")
