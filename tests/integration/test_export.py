"""The command `dcrf export` on finished runs."""

import hashlib
import json

import numpy as np
import pytest
from safetensors import safe_open

import dcrf
from dcrf.cli.commands import main
from dcrf.config import load_checked
from tests.cases.methods import adam, linear, method
from tests.cases.set_methods import SHAPES, set_method


@pytest.fixture
def export(capsys):
    def run_command(folder, *flags, code=0):
        capsys.readouterr()
        assert main(["export", str(folder), *flags]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return run_command


def test_safetensors_has_every_part_and_says_where_it_comes_from(run, export):
    folder = run(method())
    text = export(folder, "--format", "safetensors")
    file = folder / "export" / "tiny.safetensors"

    assert text.endswith(f"written to {file}\n")
    assert "encoder: 1,125 numbers\n" in text
    with safe_open(file, "np") as tensors:
        metadata, names = tensors.metadata(), {*tensors.keys()}
        centroids = tensors.get_tensor("centroids.centroids")
    assert {name.split(".")[0] for name in names} == {"encoder", "decoder", "centroids"}
    assert centroids.shape == (10, 5)
    config = (folder / "export" / "config.json").read_bytes()
    assert metadata == {
        "method": "tiny",
        "dataset": "digits",
        "dcrf": dcrf.__version__,
        "config_sha256": hashlib.sha256(config).hexdigest(),
    }
    assert load_checked(folder / "export" / "config.json").name == "tiny"
    assert json.loads(config)["seed"] == 0


def classified():
    """A method whose strategy is a classifier."""
    content = method(cluster_assignment_strategy={"type": "classifier"})
    content["mappings"].append(linear("classifier", 5, 10, "feature_space_classifier"))
    content["phases"][1]["optimizers"] = [adam("encoder", "classifier")]
    return content


def clustered(clustering="k_means"):
    """A method with a clustering after its last phase."""
    strategy = {
        "type": "classical_clustering_in_feature_space_after_phase",
        "classical_clustering_method_after_phase": clustering,
        "classical_clustering_in_feature_space_after_phase": "pretraining",
    }
    content = method(cluster_assignment_strategy=strategy)
    del content["phases"][1]
    return content


def with_noise():
    """New samples belong to the cluster of the nearest sample, or to none."""
    return clustered({"method": "dbscan", "eps": 3, "min_samples": 3})


@pytest.mark.parametrize("make", [method, clustered, classified, with_noise])
def test_onnx_computes_what_the_method_computes(make, run, export, tmp_path):
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package)
    runtime = pytest.importorskip("onnxruntime")
    folder = run(make())
    text = export(folder, "--format", "onnx", "--output", str(tmp_path / "out"))

    file = tmp_path / "out" / "tiny.onnx"
    assert text.startswith("samples (n, 1, 8, 8) -> features (n, 5), probabilities (n, ")
    assert "  on 200 samples of digits  features " in text
    session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for number in (1, 7):
        samples = np.random.default_rng(0).random((number, 1, 8, 8), np.float32)
        features, probabilities = session.run(None, {"samples": samples})
        assert features.shape == (number, 5)
        sums = probabilities.sum(axis=1)
        assert (np.isclose(sums, 1, atol=1e-5) | (sums == 0)).all()


def test_a_strategy_that_cannot_be_traced_is_an_error_without_the_exporters_output(run, export):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    tree = {"type": "cluster_tree", "use_tree_during_phases": ["pretraining"]}
    content = method(cluster_assignment_strategy=tree)
    del content["phases"][1]
    content["phases"][0]["design_patterns"].append({"pattern": "tree_compression"})
    content["phases"][0]["optimizers"] = [adam("encoder", "decoder")]

    message = export(run(content), "--format", "onnx", code=2)
    assert message.startswith("tiny with the strategy cluster_tree cannot be exported to ONNX: ")
    assert len(message.splitlines()) == 1


def test_sets_of_objects_are_not_exported_to_onnx(run, export):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    folder = run(set_method(datasets=[SHAPES]))

    message = export(folder, "--format", "onnx", code=2)
    assert "cannot be exported to ONNX: it clusters sets of objects" in message
    assert "--format safetensors works for every method" in message


def test_without_the_extra_the_message_installs_it(run, export):
    try:
        import onnx  # noqa: F401, PLC0415
    except ImportError:
        message = export(run(method()), "--format", "onnx", code=2)
        assert message.endswith("install it by: pip install 'dcrf[onnx]'\n")
    else:
        pytest.skip("the extra is installed")


def test_a_folder_without_a_run_is_an_error(tmp_path, export):
    message = export(tmp_path, "--format", "safetensors", code=2)
    assert "is not a run folder" in message


def test_an_unknown_data_set_is_an_error(run, export):
    message = export(run(method()), "--format", "safetensors", "--dataset", "digit", code=2)
    assert "did you mean 'digits'?" in message
