"""The command `dcrf report` on run folders."""

import json
import shutil
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from dcrf.cli.commands import main
from tests.cases.methods import contents, method, written

HOSTILE = '<script>alert("1")</script>&amp;\' onload=x'
VOID = {"meta", "link", "img", "input"}


class Page(HTMLParser):
    """The elements and texts of a page; fails if elements are not closed in their order."""

    def __init__(self, content):
        super().__init__()
        self.open, self.tags, self.links, self.ids, self.text = [], [], [], [], ""
        self.feed(content)
        assert not self.open
        assert len(set(self.ids)) == len(self.ids)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [(tag, value) for name, value in attrs if name in ("src", "href")]
        self.ids += [value for name, value in attrs if name == "id"]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.text += f"{data} "


def page_of(*paths):
    file = paths[0] / "report.html" if len(paths) == 1 else None
    assert main(["report", *map(str, paths)]) == 0
    return Page(file.read_text())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the runs of two seeds and of two methods on labeled images."""
    folder = tmp_path_factory.mktemp("report")
    labels = np.arange(60) % 3
    noise = np.random.default_rng(0).integers(0, 99, (60, 6, 6))
    samples = noise + 60 * labels.reshape(-1, 1, 1)
    np.savez(folder / "images.npz", samples=samples.astype(np.uint8), labels=labels)
    flags = ["--clusters", "3", "--device", "cpu", "--output_dir", str(folder / "runs")]
    own = ["--max_iterations", "3", "--save_moments", "2", "--seed", "0-1"]
    data = str(folder / "images.npz")
    assert main(["run", data, "--method", "idec", *own, *flags]) == 0
    assert main(["run", data, "--method", "k_means", *flags]) == 0
    return folder / "runs"


@pytest.fixture
def runs(trained, tmp_path):
    """A copy of the folder."""
    return shutil.copytree(trained, tmp_path / "runs")


@pytest.fixture
def folder(runs):
    """One run."""
    return min(runs.glob("*idec*/*-0"))


def test_runs_write_their_reports(trained, folder):
    """The fixture has two invocations, of two runs and of one."""
    files = sorted(file.relative_to(trained) for file in trained.rglob("report.html"))

    assert [len(file.parts) for file in files] == [3, 3, 3, 1]
    joint = Page((trained / "report.html").read_text())
    assert "2 runs" in joint.text
    assert Page((folder / "report.html").read_text()).tags.count("img")


def test_no_report_writes_none_and_changes_no_byte(tmp_path):
    flags = [written(tmp_path, method()), "--device", "cpu", "--output_dir", str(tmp_path / "runs")]

    assert main(["run", *flags, "--no_report"]) == 0
    assert main(["run", *flags]) == 0

    without, with_report = sorted(tmp_path.glob("runs/tiny/*"))
    assert not (without / "report.html").exists()
    assert (with_report / "report.html").exists()
    assert contents(without) == contents(with_report)


def test_a_report_that_fails_is_a_warning(tmp_path, capfd):
    (tmp_path / "report.html").mkdir()
    flags = ["--seed", "0,1", "--device", "cpu", "--output_dir", str(tmp_path)]

    assert main(["run", written(tmp_path, method()), *flags]) == 0

    assert f"warning: no {tmp_path / 'report.html'}: the report cannot be" in capfd.readouterr().err


def test_a_report_shows_the_result_of_a_run(folder):
    page = page_of(folder)

    scores = json.loads((folder / "result.json").read_text())["datasets"][0]["evaluation"]
    assert all(f"{scores[name]:.3f}" in page.text for name in ("acc", "nmi", "ari"))
    for title in (
        "Result",
        "Clusters",
        "Samples and features",
        "Losses and scores",
        "Method",
        "Time and",
    ):
        assert title in page.text
    assert "Framed cells are matched one to one." in page.text
    assert (
        page.tags.count("img") == len((folder / "examples/images.csv").read_text().splitlines()) - 1
    )
    assert "--max_iterations 3" in page.text
    assert "feature extractor" in page.text
    assert not any(word in page.text for word in ("missing", "damaged", "cannot be"))


def test_a_report_needs_no_network_and_no_script(folder):
    page = page_of(folder)

    assert "script" not in page.tags
    assert all(v.startswith("data:") or t == "a" for t, v in page.links)


def test_the_report_of_a_folder_is_the_same_twice(folder):
    page_of(folder)
    first = (folder / "report.html").read_bytes()
    page_of(folder)

    assert (folder / "report.html").read_bytes() == first


def test_a_report_needs_no_data_if_the_run_has_saved_the_examples(folder, trained):
    config = folder / "config.json"
    text = config.read_text().replace(str(trained.parent / "images.npz"), "/nowhere/images.npz")
    config.write_text(text)

    page = page_of(folder)

    assert "img" in page.tags
    assert "cannot be read" not in page.text
    (folder / "examples/images.npy").unlink()
    page = page_of(folder)
    assert "img" not in page.tags
    assert "no images or rows of images, since its data cannot be read" in page.text


def test_several_runs_are_compared(runs, tmp_path):
    file = tmp_path / "all.html"

    assert main(["report", str(runs), "--output", str(file)]) == 0

    page = Page(file.read_text())
    assert "3 runs" in page.text
    assert "compared over seeds 0, which all have; left out: images_idec_usps 1" in page.text
    assert "Settings that differ" in page.text
    assert [v for t, v in page.links if v.startswith("#run")] == [
        "#run-0",
        "#run-1",
        "#run-2",
    ]
    assert page.tags.count("article") == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("result.json", "is missing: the run was killed, or still runs"),
        ("metrics.jsonl", "the file does not exist"),
        ("environment.json", "is missing"),
    ],
)
def test_a_report_names_missing_files(folder, name, words):
    (folder / name).unlink()

    text = page_of(folder).text

    assert str(folder / name) in text
    assert words in text


@pytest.mark.parametrize(
    "name",
    [
        "result.json",
        "metrics.jsonl",
        "timing.json",
        "config.json",
        "clusters/images.csv",
        "examples/images.csv",
        "confusion/images.csv",
        "examples/images.npy",
        "moments/images/samples.csv",
        "moments/images/samples.npy",
        "moments/images/clustering-end.npy",
    ],
)
@pytest.mark.parametrize("content", [b"[[1]]\n", b"\xff\x00"])
def test_a_report_names_damaged_files(folder, name, content):
    file = folder / name
    assert file.is_file()
    file.write_bytes(content)

    page = page_of(folder)

    assert name in page.text


def test_names_are_escaped(folder, runs):
    """Names from every file of a run folder reach the page as text."""
    for file in folder.rglob("*.json*"):
        text = file.read_text()
        words = json.dumps(HOSTILE)[1:-1]
        for name in ("pretraining", "clustering", "idec_usps", "nmi", "digits/"):
            text = text.replace(f'"{name}', f'"{words}{name}')
        file.write_text(text.replace('"error": null', f'"error": "{words}"'))
    for file in folder.glob("*/images.csv"):
        file.write_text(file.read_text().replace("exemplar", HOSTILE.replace('"', "'")))

    page = page_of(folder)
    file = runs / "all.html"
    assert main(["report", str(runs), "--output", str(file)]) == 0

    assert "script" not in page.tags + Page(file.read_text()).tags
    assert HOSTILE.split(">", maxsplit=1)[0] in page.text


def test_examples_of_texts_are_their_beginnings(tmp_path):
    words = ("piano violin chord", "oven flour dough")
    lines = [f"{word} number {i} <b>,{word[0]}" for i in range(20) for word in words]
    (tmp_path / "texts.csv").write_text("text,topic\n" + "\n".join(lines) + "\n")
    flags = ["--clusters", "2", "--text", "text", "--label", "topic", "--max_iterations", "2"]
    output = ["--device", "cpu", "--output_dir", str(tmp_path / "runs")]

    assert main(["run", str(tmp_path / "texts.csv"), *flags, *output]) == 0

    (file,) = tmp_path.glob("runs/*/*/report.html")
    text = Page(file.read_text()).text
    assert "piano violin chord number" in text
    assert "<b>" in text


def test_a_report_links_pictures_of_problems(folder):
    index = folder / "pictures/index.html"
    index.parent.mkdir()
    index.write_text("pictures")

    assert ("a", "pictures/index.html") in page_of(folder).links


def test_a_report_projects_by_t_sne_when_asked_for(folder):
    assert main(["report", str(folder), "--projection", "t_sne"]) == 0

    text = Page((folder / "report.html").read_text()).text
    assert "t-SNE 1" in text
    assert "only neighborhoods have a meaning" in text


@pytest.fixture
def plotting(monkeypatch):
    """Skip a test where matplotlib is not installed."""
    pytest.importorskip("matplotlib")


def test_plots_are_png_and_pdf_of_a_column(folder, tmp_path, plotting, capsys):
    for moment in folder.glob("moments/images/*[!d].npy"):
        moment.unlink()  # all but the ends of phases take seconds
    assert main(["report", str(folder), "--plots", str(tmp_path / "plots")]) == 0

    names = {file.name for file in (tmp_path / "plots").iterdir()}
    figures = {
        *("images-pretraining-curves", "images-clustering-curves", "images-confusion"),
        *(f"images-clustering-end-{kind}s" for kind in ("cluster", "label")),
    }
    assert {f"{name}.{ending}" for name in figures for ending in ("png", "pdf")} <= names
    assert f"{len(names)} files" in capsys.readouterr().out
    with Image.open(tmp_path / "plots/images-confusion.png") as image:
        assert image.width == pytest.approx(3.3 * 300, abs=1)
    pdf = (tmp_path / "plots/images-confusion.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf


def test_plots_are_the_same_twice_and_lie_in_the_run_folder(runs, plotting):
    (folder,) = runs.glob("*k_means*/*")
    for moment in folder.glob("moments/images/*.npy"):
        moment.unlink()

    def written_plots():
        assert main(["report", str(folder), "--plots"]) == 0
        return {file: file.read_bytes() for file in folder.glob("plots/*")}

    first = written_plots()

    assert {file.name for file in first} == {"images-confusion.png", "images-confusion.pdf"}
    assert written_plots() == first


def test_plots_without_matplotlib_name_the_extra(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    assert main(["report", str(folder), "--plots"]) == 2
    assert "pip install 'dcrf[plots]'" in capsys.readouterr().err


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 2
    assert f"{tmp_path} contains no run folder" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_an_error(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("")

    assert main(["report", str(folder), "--output", str(tmp_path / "file" / "r.html")]) == 2
    assert "the report cannot be written to" in capsys.readouterr().err
