"""The command `dcrf evaluate` with a classical clustering of a run's features or of a file."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from dcrf.cli.commands import main
from dcrf.runs.evaluate_run import samples_of
from dcrf.runs.trained_run import open_run
from tests.cases.methods import method
from tests.integration.test_phases_apart import run

CENTERS = np.eye(3, 4) * 50
LABELS = np.arange(60) % 3
ROWS = (CENTERS[LABELS] + np.random.default_rng(0).normal(size=(60, 4))).astype(np.float32)


@pytest.fixture
def call(capsys):
    """Run `dcrf evaluate`; return exit code, output and errors."""

    def caller(*arguments):
        code = main(["evaluate", *map(str, arguments)])
        return code, *capsys.readouterr()

    return caller


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A run that has stopped after its first phase."""
    return run(tmp_path_factory.mktemp("pretrained"), method(), phases=["pretraining"])


@pytest.fixture
def rows(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path / "rows.npy"


def test_features_of_a_run_are_scored_as_those_of_a_file(pretrained, tmp_path, call):
    trained = open_run(pretrained)
    features = trained.method.features.rows(trained.method.pass_over(samples_of(trained)))
    np.save(tmp_path / "rows.npy", features[torch.arange(200)].numpy())
    np.save(tmp_path / "labels.npy", load_digits().target[:200])

    code, out, _ = call(pretrained, "--clustering", "k_means")

    assert code == 0
    assert out.startswith("digits  k_means  10 clusters  ACC 0.")
    assert out.endswith("(n=200)\n")
    flags = ["--labels", tmp_path / "labels.npy", "--clustering", "k_means", "--clusters", 10]
    code, of_file, _ = call(tmp_path / "rows.npy", *flags)
    assert code == 0
    assert of_file.partition("  ")[2] == out.partition("  ")[2]


def test_other_data_and_another_number_of_clusters(pretrained, tmp_path, call):
    file = tmp_path / "new.npz"
    digits = load_digits()
    samples = digits.images[200:260].reshape(60, 1, 8, 8).astype(np.float32)
    np.savez(file, samples=samples, labels=digits.target[200:260])

    two, three = (
        call(pretrained, file, "--clustering", "agglomerative", "--clusters", k) for k in (2, 3)
    )

    assert (two[0], three[0]) == (0, 0)
    assert two[1].startswith("new.npz  agglomerative  2 clusters  ACC ")
    assert two[1] != three[1]


def test_a_file_of_features_with_and_without_labels(rows, tmp_path, call):
    flags = ["--clustering", "k_means", "--clusters", 3]

    code, out, _ = call(rows, *flags, "--labels", tmp_path / "labels.npy")
    assert (code, out) == (
        0,
        "rows.npy  k_means  3 clusters  ACC 1.000  NMI 1.000  ARI 1.000  (n=60)\n",
    )
    code, out, _ = call(rows, *flags)
    assert code == 0
    assert out.startswith("rows.npy  k_means  3 clusters  silhouette 0.9")


def test_a_clustering_that_finds_its_number(rows, tmp_path, call):
    entry = '{"method": "dbscan", "eps": 9.0, "min_samples": 4}'

    code, out, err = call(rows, "--clustering", entry, "--labels", tmp_path / "labels.npy")

    assert code == 0, err
    assert out.startswith("rows.npy  dbscan  3 clusters  ACC 1.000")


def test_a_table_names_its_column_of_labels(tmp_path, call):
    lines = [f"{','.join(map(str, row))},{label}" for row, label in zip(ROWS, LABELS, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,d,kind", *lines]))

    flags = ["--clustering", "k_means", "--clusters", 3, "--labels", "kind"]
    code, out, err = call(tmp_path / "rows.csv", *flags)

    assert (code, out.split("  ")[3]) == (0, "ACC 1.000"), err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--clustering", "k_meens"], "--clustering: $: unknown value 'k_meens'"),
        (["--clustering", "k_meens"], "did you mean 'k_means'?"),
        (
            ["--clustering", '{"method": "k_means", "num_restart": 3}'],
            "$.num_restart: unknown key 'num_restart'\n    did you mean 'num_restarts'?",
        ),
        ([], "has no clusters; add --clustering"),
        (["--clusters", "3"], "--clusters is the number of --clustering, which is missing"),
        (["--clustering", "k_means"], "how many clusters? Add --clusters K"),
        (["--clustering", "k_means", "--clusters", "61"], "60 samples cannot form 61 clusters"),
        (["--clustering", "k_means", "--device", "cpu"], "--device is for a run"),
        (["--clustering", "k_means", "--clusters", "3", "--labels", "no.npy"], "no.npy"),
    ],
)
def test_mistakes_are_explained(rows, call, flags, words):
    code, _, err = call(rows, *flags)

    assert (code, words in err) == (2, True), err


def test_labels_of_a_run_are_its_own(pretrained, call):
    code, _, err = call(pretrained, "--clustering", "k_means", "--labels", "labels.npy")

    assert (code, "--labels is for a file of features" in err) == (2, True)


def test_clusters_that_a_stopped_run_has_not_formed_are_refused(pretrained, call):
    code, _, err = call(pretrained)

    assert (code, "cannot be evaluated" in err) == (2, True), err
