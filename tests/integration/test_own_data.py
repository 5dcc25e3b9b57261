"""From data to clusters in one line: `dcrf run DATA`, and `dcrf new DATA`."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris

import dcrf
from dcrf.cli.commands import main
from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.runs.new_method import method_file, new_method, read_method
from dcrf.runs.run_folder import run_folders
from tests.cases.methods import result


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flowers(folder, with_labels=True):
    samples, labels = load_iris(return_X_y=True)
    lines = ["name,length,width,petal length,petal width" + (",kind" if with_labels else "")]
    for index, (row, label) in enumerate(zip(samples.tolist(), labels, strict=True)):
        kind = [f"kind {label}"] if with_labels else []
        lines.append(",".join([f"f{index}", *map(repr, row), *kind]))
    file = folder / "flowers.csv"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def pictures(folder, sizes=((20, 30), (16, 16))):
    images = folder / "pictures"
    images.mkdir()
    random = np.random.default_rng(0)
    for index in range(40):
        values = random.integers(0, 256, (*sizes[index % len(sizes)], 3)).astype(np.uint8)
        Image.fromarray(values).save(images / f"{index:02}.png")
    return str(images)


def run(*words):
    return main(["run", *words, "--max_iterations", "3", "--device", "cpu"])


def test_a_table_becomes_clusters_and_predictions(here, capsys):
    file = flowers(here)

    assert run(file, "--clusters", "3", "--id", "name", "--label", "kind") == 0

    (folder,) = here.glob("runs/flowers_idec_table/*-0")
    assert result(folder)["datasets"][0]["evaluation"]["acc"] > 0.5
    rows = list(csv.DictReader((folder / "clusters/flowers.csv").read_text().splitlines()))
    assert [row["id"] for row in rows] == [f"f{index}" for index in range(150)]
    out = capsys.readouterr().out.splitlines()
    relative = folder.relative_to(here)
    assert out[-3] == f"the cluster of every sample: {relative}/clusters/flowers.csv"
    assert out[-2].endswith(f"dcrf predict {relative} NEW_DATA")

    new = flowers(here, with_labels=False)
    assert main(["predict", str(folder), new]) == 0
    predicted = (folder / "predictions/flowers/clusters.csv").read_text().splitlines()
    assert [r["cluster"] for r in csv.DictReader(predicted)] == [row["cluster"] for row in rows]


def test_a_folder_of_images_of_any_size_becomes_clusters_and_predictions(here, capsys):
    folder = pictures(here)

    assert run(folder, "--clusters", "2") == 0
    assert "the method sees gray images of 32 x 32" in capsys.readouterr().out

    (run_folder,) = here.glob("runs/pictures_idec_images/*-0")
    assert main(["predict", str(run_folder), folder]) == 0
    rows = csv.DictReader(
        (run_folder / "predictions/pictures/clusters.csv").read_text().splitlines()
    )
    assert [row["id"] for row in rows] == [f"{index:02}.png" for index in range(40)]


def test_a_new_file_runs_and_can_be_edited(here, capsys):
    file = flowers(here, with_labels=False)

    assert main(["new", file, "--clusters", "4", "--id", "name", "--method", "dec"]) == 0

    made = here / "flowers_dec_usps.json"
    assert capsys.readouterr().out.startswith(f"written to {made.name}; run it by: ")
    content = json.loads(made.read_text())
    assert content["datasets"][0]["num_clusters"] == 4
    assert "describe flowers_dec_usps.json shows this method" in content["$comment"][0]
    assert "phases: The phases, processed in ascending order." in content["$comment"]
    assert content["mappings"][0]["$comment"] == "Computes the features of samples."
    pattern = content["phases"][-1]["design_patterns"][0]
    assert "(DEC, https://arxiv.org/abs/1511.06335)" in " ".join(pattern["$comment"])
    check(load_checked(made))
    assert run(str(made)) == 0
    assert main(["new", file, "--clusters", "4", "--id", "name", "--method", "dec"]) == 2
    assert "exists; name another file with --output" in capsys.readouterr().err


def test_without_data_a_shipped_method_is_written_to_start_from(here, capsys):
    assert main(["new"]) == 0
    assert main(["new", "--method", "dec", "--output", "deeper/mine.json"]) == 0

    content = json.loads((here / "quickstart.json").read_text())
    assert "shows this method" in content["$comment"][0]
    assert content["datasets"][0]["dataset"] == "load_digits"
    assert load_checked(here / "quickstart.json").name == "quickstart"
    moved, shipped = load_checked(here / "deeper/mine.json"), load_checked(method_file("dec"))
    assert moved.filled["datasets"] == shipped.filled["datasets"]
    assert moved.filled["phases"] == shipped.filled["phases"]
    capsys.readouterr()
    assert main(["new", "--clusters", "3"]) == 2
    assert capsys.readouterr().err == "--clusters is about data; name DATA, too\n"


TAKE_ROWS = ["idec", "vade", "k_means", "imsat_vat_usps", "acai", "temi"]
TAKE_ROWS += ["contrastive_clustering", "dec_da", "idec_da", "dynae"]


@pytest.mark.parametrize("method", TAKE_ROWS)
def test_shipped_methods_take_rows(here, method):
    np.save(here / "rows.npy", np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32))

    check(load_checked(new_method(here / "rows.npy", 4, method, {}).content))


def test_views_of_images_become_views_of_rows(here):
    np.save(here / "rows.npy", np.zeros((300, 12), np.float32))

    made = new_method(here / "rows.npy", 4, "dec_da", {})
    (view,) = made.content["datasets"][0]["batch_augmentations"]
    assert view["name"] == "shifted_and_rotated"
    assert [entry["type"] for entry in view["transforms"]] == ["feature_swapping"]
    assert made.sentences == (
        "the views of images (shifted_and_rotated) become views of rows: "
        '{"type": "feature_swapping", "p": 0.3}',
    )

    view["transforms"] = [{"type": "gaussian_noise", "std": 0.1}]
    (here / "mine.json").write_text(json.dumps(made.content))
    again = new_method(here / "rows.npy", 4, "mine.json", {})
    assert again.content["datasets"][0]["batch_augmentations"] == [view]
    assert again.sentences == ()


def test_rows_are_mapped_to_the_range_that_a_method_models(here):
    np.save(here / "rows.npy", np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32))

    content = new_method(here / "rows.npy", 4, "vade", {}).content

    assert [step["type"] for step in content["datasets"][0]["steps"]] == ["standardize", "min_max"]


@pytest.mark.parametrize("method", ["dcec", "idec_da", "ccnn", "dec_cc_hybrid", "jule", "k_means"])
def test_shipped_methods_take_images(here, method):
    check(load_checked(new_method(here / pictures(here), 4, method, {}).content))


PEOPLE = "name,color,weight,size,kind\n" + "".join(
    f"p{i},{('red', 'blue', 'green')[i % 3]},{'' if i == 5 else i % 3 + 0.5},{i % 7},k{i % 3}\n"
    for i in range(60)
)


def predicted(folder, name):
    return table(folder / f"predictions/{name}/clusters.csv")


def table(file):
    return list(csv.DictReader(file.read_text().splitlines()))


def test_a_table_of_categories_with_missing_values_becomes_clusters_and_predictions(here, capsys):
    (here / "people.csv").write_text(PEOPLE)
    (here / "new.csv").write_text("size,color,weight\n1,violet,1.5\n2,,2.5\n3,blue,\n")

    words = ("--clusters", "3", "--id", "name", "--label", "kind", "--missing", "mean")
    assert run("people.csv", *words) == 0
    assert "columns of texts are read as categories: 'color';" in capsys.readouterr().out

    (folder,) = here.glob("runs/people_idec_table/*-0")
    assert main(["predict", str(folder), "new.csv"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == [
        "note: replaced by the mean or most frequent category of their column in the training "
        "data: 1 in column 'color', 1 in column 'weight'",
        "note: 1 value in column 'color' is a category that the training data do not have, such as "
        "'violet'; they are 0 in all columns of categories",
    ]
    (here / "known.csv").write_text("size,color,weight,kind\n1,violet,1.5,a\n2,,2.5,b\n3,blue,,a\n")
    for flags in ([], ["--clustering", "k_means"]):
        assert main(["evaluate", str(folder), "known.csv", *flags]) == 0
        assert capsys.readouterr().out.splitlines()[:2] == out[:2]
    together = predicted(folder, "new")
    for number, row in enumerate(["1,violet,1.5", "2,,2.5", "3,blue,"]):
        (here / "one.csv").write_text(f"size,color,weight\n{row}\n")
        assert main(["predict", str(folder), "one.csv"]) == 0
        (alone,) = predicted(folder, "one")
        assert alone | {"sample": str(number)} == together[number]


def test_a_file_and_a_data_frame_are_assigned_as_predict_does(here):
    pandas = pytest.importorskip("pandas")
    (here / "people.csv").write_text(PEOPLE)
    (here / "new.csv").write_text("size,color,weight\n1,violet,1.5\n2,,2.5\n3,blue,\n")
    options = {"id_column": "name", "label_column": "kind", "missing_values": "mean"}
    content = new_method(here / "people.csv", 3, None, options).content

    result = dcrf.run(content, max_iterations=3, device="cpu")

    of_file = result.assign("new.csv")
    of_frame = result.assign(pandas.read_csv("new.csv"))
    np.testing.assert_array_equal(of_frame, of_file)
    assert of_file.shape == (3, 3)


def test_texts_of_a_data_frame_are_categories_also_of_new_rows(here):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"color": ["red", "blue", "green"] * 40, "size": range(120)})
    entry = {"source": "memory", "dataset": "people", "batch_size": 60, "num_clusters": 3}
    content = {**read_method("idec_table"), "datasets": [entry]}

    result = dcrf.run(content, data={"people": frame}, max_iterations=3, device="cpu")

    assert result.encodings["people"]["columns"][0]["categories"] == ("blue", "green", "red")
    reordered = frame[["size", "color"]].assign(other=0)
    np.testing.assert_array_equal(result.assign(reordered), result.assign(frame))


def test_texts_become_clusters_and_predictions(here):
    topics = ["boat sail wind mast harbor", "bread oven flour dough yeast"]
    lines = [f"d{i};{topics[i % 2]} word{i % 5};t{i % 2}" for i in range(60)]
    (here / "reviews.csv").write_text("\n".join(["id;review;topic", *lines]) + "\n")
    folder = here / "new_texts"
    folder.mkdir()
    (folder / "a.txt").write_text("a boat and its sail")
    (folder / "b.txt").write_text("dough in the oven")

    words = ("--clusters", "2", "--text", "review", "--label", "topic", "--id", "id")
    assert run("reviews.csv", *words) == 0

    (run_folder,) = here.glob("runs/reviews_*/*-0")
    assert main(["predict", str(run_folder), "new_texts"]) == 0
    rows = predicted(run_folder, "new_texts")
    assert [row["id"] for row in rows] == ["a.txt", "b.txt"]
    known = table(run_folder / "clusters/reviews.csv")
    cluster_of = {row["id"]: row["cluster"] for row in known}
    assert [row["cluster"] for row in rows] == [cluster_of["d0"], cluster_of["d1"]]


def test_a_folder_of_texts_is_data(here):
    folder = here / "texts"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.txt").write_text(["wind and sea", "oven and flour"][number % 2])

    content, sentences = new_method(folder, 2, None, {})

    assert sentences == (f"{folder} is read as 60 files that end in .txt; it has no images",)
    assert content["datasets"][0]["source"] == "text"
    check(load_checked(content))


def test_a_test_set_gets_the_encoding_of_its_training_data(here):
    (here / "people.csv").write_text(PEOPLE)
    (here / "test.csv").write_text(
        "kind,size,color,weight\n" + "k1,1,violet,1.5\nk0,2,red,\nk0,3,,2\n" * 2
    )
    options = {"id_column": "name", "label_column": "kind", "missing_values": "mean"}
    content = new_method(here / "people.csv", 3, None, options).content
    training = content["datasets"][0]
    test = {**training, "name": "test", "path": str(here / "test.csv"), "order": 2}
    del test["id_column"]
    test |= {"steps_fitted_on": training["name"], "batch_size": 6}
    content["datasets"] = [{**training, "order": 1}, test]

    result = dcrf.run(content, max_iterations=3, device="cpu")

    assert result.clusters["test"].tolist() == result.assign("test.csv").argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["flowers.csv"], "flowers.csv: how many clusters? Add --clusters K"),
        (["flowers.csv", "--clusters", "3"], "--id name takes them as the names of rows"),
        (
            ["flowers.csv", "--clusters", "3", "--id", "nme", "--label", "kind"],
            "no column 'nme'; the table has",
        ),
        (["flowers.csv", "--clusters", "3", "--method", "decc"], "did you mean 'dec'?"),
        (["flowers.csv", "--clusters", "3", "--method", "x.json"], "x.json does not exist"),
        (
            ["rows.npy", "--clusters", "3", "--label", "kind"],
            "--label kind is not one of its options",
        ),
        (
            ["arrays.npz", "--clusters", "3"],
            "no array samples; the file has: X, y; --samples ARRAY says which to take",
        ),
        (["arrays.npz", "--clusters", "3", "--samples", "x"], "did you mean 'X'?"),
        (["rows.npy", "--clusters", "3", "--method", "dcec"], "needs images"),
        (["method.json", "--clusters", "3"], "--clusters is for data"),
        (["missing.csv", "--clusters", "3"], "missing.csv"),
        (
            ["empty", "--clusters", "3"],
            "empty: the folder holds no file that ends in .jpg, .jpeg, .png, .ppm, .bmp, .pgm, "
            ".tif, .tiff, .webp, .txt",
        ),
        (
            ["gaps.csv", "--clusters", "2"],
            "missing values: 1 in column 'b'; the first one is in row 1; --missing mean or median "
            "replaces them, --missing drop_rows leaves their rows out",
        ),
        (
            ["typo.csv", "--clusters", "2"],
            "row 4 (line 5), column 'b': 'tall' is not a number; --categorical b reads categories, "
            "--id b the names of rows, --label b known classes",
        ),
        (["colons.csv", "--clusters", "2"], "such as '3:4'; --delimiter : divides it"),
        (["gaps.csv", "--clusters", "2", "--text", "a", "--missing", "mean"], "--"),
        (["flowers.csv", "--clusters", "2", "--text", "nam"], "did you mean 'name'?"),
        (["readme", "--clusters", "2"], "1 sample cannot form 2 clusters"),
        (["ragged.csv", "--clusters", "2"], "row 2 (line 3) has 3 fields, but the header has 2"),
    ],
)
def test_mistakes_are_explained(here, words, expected, capsys):
    flowers(here)
    (here / "method.json").write_text("{}")
    np.save(here / "rows.npy", np.zeros((30, 12), np.float32))
    np.savez(here / "arrays.npz", X=np.zeros((30, 12), np.float32), y=np.arange(30))
    (here / "empty").mkdir()
    (here / "readme").mkdir()
    (here / "readme" / "readme.txt").write_text("the photos of a lake")
    (here / "gaps.csv").write_text("a,b\n1,\n2,3\n")
    (here / "typo.csv").write_text("a,b\n1,2\n3,4\n5,6\n7,tall\n")
    (here / "colons.csv").write_text("a:b\n1:2\n3:4\n")
    (here / "ragged.csv").write_text("a,b\n1,2\n3,4,5\n")

    assert run(*words) == 2

    error = capsys.readouterr().err
    assert expected in error
    assert "Traceback" not in error
    assert not list(here.glob("runs/*/*"))


def test_a_misspelled_flag_gets_a_suggestion(here, capsys):
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["run", flowers(here), "--cluster", "3"])
    assert "unknown flag --cluster; did you mean --clusters?" in capsys.readouterr().err


def test_arrays_of_other_names_are_named_by_flags(here):
    np.savez("arrays.npz", X=np.eye(12, 3, dtype=np.float32), y=np.arange(12) % 2)
    words = ["arrays.npz", "--clusters", "2", "--method", "random"]

    assert run(*words, "--samples", "X", "--labels", "y") == 0

    (folder,) = here.glob("runs/arrays_random_usps/*-0")
    assert 0.5 <= result(folder)["datasets"][0]["evaluation"]["acc"] <= 1


def test_names_of_shipped_methods():
    assert method_file("dec").stem == "dec_usps"
    assert method_file("idec_table").stem == "idec_table"
    assert method_file("dec_cc_hybrid").parent.name == "dec_cc_hybrid"


def test_an_edited_method_file_is_kept(here, capsys):
    np.save("rows.npy", np.eye(12, 3, dtype=np.float32))
    words = ["run", "rows.npy", "--max_iterations", "1", "--device", "cpu", "--method", "random"]
    assert main([*words, "--clusters", "2"]) == 0
    (file,) = (here / "runs").glob("rows_random*.json")
    edited = file.read_text().replace('"rows_', '"edited_')
    file.write_text(edited)

    assert main([*words, "--clusters", "3"]) == 0

    kept = file.with_name(f"{file.stem}_2.json")
    assert kept.read_text() == edited
    assert f"which is now {Path('runs') / kept.name}" in capsys.readouterr().out


def test_data_that_do_not_exist_are_named_with_a_suggestion(here, capsys):
    (here / "beetles.csv").write_text("a,b\n1,2\n")

    assert main(["run", "beatles.csv", "--clusters", "2"]) == 2

    assert capsys.readouterr().err == "beatles.csv does not exist; did you mean beetles.csv?\n"


def test_a_folder_of_runs_stands_for_its_newest_one(here, capsys):
    np.save("rows.npy", np.eye(12, 3, dtype=np.float32))
    words = ["run", "rows.npy", "--max_iterations", "1", "--device", "cpu", "--method", "random"]
    assert main([*words, "--clusters", "2", "--seed", "0,1"]) == 0
    (parent,) = filter(Path.is_dir, (here / "runs").glob("rows_random*"))
    newest = run_folders(parent)[-1]

    assert main(["predict", str(parent), "rows.npy"]) == 0

    assert (newest / "predictions/rows/clusters.csv").exists()
    assert f"{parent} has 2 runs; this is the newest, {newest.name}" in capsys.readouterr().out


def test_two_data_of_one_name_are_refused(here, capsys):
    for folder in ("a", "b"):
        (here / folder).mkdir()
        flowers(here / folder)

    assert run("a/flowers.csv", "b/flowers.csv", "--clusters", "3", "--id", "name") == 2

    assert "b/flowers.csv and a/flowers.csv have one name, flowers" in capsys.readouterr().err


def test_names_with_spaces_and_signs_are_run_folders(here, capsys):
    (here / "my data [1].csv").write_text(Path(flowers(here, with_labels=False)).read_text())
    words = ["--clusters", "3", "--id", "name", "--method", "k_means"]

    assert run("my data [1].csv", *words) == 0

    (folder,) = here.glob("runs/my_data_1_k_means*/*-0")
    assert f"the cluster of every sample: {folder.relative_to(here)}" in capsys.readouterr().out


def test_the_present_folder_is_data_beside_which_results_go(here, monkeypatch, capsys):
    monkeypatch.chdir(pictures(here))

    assert run(".", "--clusters", "2", "--method", "k_means") == 2
    assert "--output_dir runs is in the folder of the data" in capsys.readouterr().err
    words = ["--clusters", "2", "--method", "random", "--output_dir", "../runs"]
    assert run(".", *words) == 0
    assert [*here.glob("runs/pictures_random*/*-0/result.json")]


def test_folders_of_images_may_have_json_files(here):
    folder = Path(pictures(here))
    (folder / "annotations.json").write_text("{}")

    assert run(str(folder), "--clusters", "2", "--method", "random") == 0


def test_folders_of_runs_are_no_data(here, capsys):
    np.save("rows.npy", np.eye(12, 3, dtype=np.float32))
    assert run("rows.npy", "--clusters", "2", "--method", "random") == 0

    (parent,) = filter(Path.is_dir, (here / "runs").glob("rows_random*"))
    assert main(["run", str(parent), "--clusters", "2"]) == 2
    assert "is a folder of runs or method files" in capsys.readouterr().err
