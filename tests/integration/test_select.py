"""`dcrf select` compares finished runs without labels."""

import json

import numpy as np
import pytest

import dcrf
from dcrf.cli.commands import main
from dcrf.runs.comparison_table import compare_in_words
from dcrf.runs.new_method import new_method


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two seeds of a method that clusters, and one of random clusters, on two blobs."""
    folder = tmp_path_factory.mktemp("select")
    random = np.random.default_rng(0)
    rows = np.repeat([[0.0] * 4, [9.0] * 4], 30, axis=0) + random.normal(size=(60, 4))
    np.savez(folder / "rows.npz", samples=rows.astype(np.float32))
    for method, seeds in (("k_means", (0, 1)), ("random", (0,))):
        content = new_method(folder / "rows.npz", 2, method, {}).content
        content["name"] = method
        for seed in seeds:
            dcrf.run(content, seed=seed, device="cpu", output_dir=folder / "runs")
    return folder / "runs"


def select(capsys, *words):
    code = main(["select", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def rows_of(out):
    lines = out.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("---"))
    rows = [line.split() for line in lines[first + 1 : first + 4]]
    return [dict(zip(lines[first - 1].split(), row, strict=True)) for row in rows]


@pytest.mark.parametrize("space", [[], ["--space", "input"]])
def test_runs_are_sorted_by_silhouette_in_a_common_space(runs, capsys, space):
    code, out, _ = select(capsys, runs, *space)

    rows = rows_of(out)
    assert code == 0
    assert [*rows[0]][3] == "silhouette"
    assert [row["method"] for row in rows] == ["k_means", "k_means", "random"]
    assert float(rows[0]["silhouette"]) > 0.7 > float(rows[2]["silhouette"])
    assert [row["agreement"] for row in rows] == ["1", "1", "-"]
    assert f"best by silhouette, larger is better: {runs}/k_means/" in out
    assert "smaller is better" in out
    assert "ACC" not in out


def test_a_run_can_be_the_common_space(runs, capsys):
    (reference,) = runs.glob("random/*")
    code, out, _ = select(capsys, runs / "k_means", reference, "--space", reference)

    assert code == 0
    assert f"features of {reference}" in out
    assert len(rows_of(out)) == 3


def test_unfinished_runs_are_left_out(runs, capsys, tmp_path):
    (folder,) = runs.glob("random/*")
    result = (folder / "result.json").read_text()
    (folder / "result.json").write_text(json.dumps({**json.loads(result), "status": "failed"}))

    code, out, _ = select(capsys, runs)

    (folder / "result.json").write_text(result)
    assert code == 0
    assert f"{folder} is left out: it has not finished" in out


def test_mistakes_are_explained(runs, capsys, tmp_path):
    code, _, error = select(capsys, tmp_path)
    assert (code, "contains no run" in error) == (2, True)
    code, _, error = select(capsys, runs, "--space", tmp_path)
    assert (code, "is not a run folder" in error) == (2, True)
    code, _, error = select(capsys, runs, "--dataset", "rowss")
    assert (code, "did you mean 'rows'?" in error) == (2, True)


def test_runs_on_other_data_are_refused(runs, capsys, tmp_path):
    np.savez(tmp_path / "other.npz", samples=np.eye(8, 4, dtype=np.float32))
    content = new_method(tmp_path / "other.npz", 2, "random", {}).content
    dcrf.run(content, device="cpu", output_dir=tmp_path)

    code, _, error = select(capsys, runs, tmp_path / content["name"])

    assert code == 2
    assert "has clustered other data" in error
    assert "number of samples: 8 and 60" in error
    assert f"path: '{tmp_path / 'other.npz'}' and " in error


def test_damaged_clusters_are_named(runs, capsys):
    (file,) = runs.glob("random/*/clusters/rows.csv")
    content = file.read_text()
    file.write_text("sample,cluster\n0,one\n")

    code, _, error = select(capsys, runs)

    file.write_text(content)
    assert code == 2
    assert f"{file} is damaged" in error


def test_folders_have_lines_of_their_own_in_a_narrow_terminal(runs):
    lines = "\n".join(compare_in_words([runs], None, None, width=80)).splitlines()

    assert [line.split(":")[0] for line in lines if ", seed " in line] == [
        "k_means, seed 0",
        "k_means, seed 1",
        "random, seed 0",
    ]
    end = next(place for place, line in enumerate(lines) if line.startswith("best by"))
    assert max(map(len, lines[2:end])) <= 80
