"""Pictures and tables of partitioned sets."""

import base64
import csv
import re
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from dcrf.pictures.drawings import COLORS, GREEN, SetDrawing, matched
from dcrf.pictures.page import page, sheet, write_pages
from dcrf.pictures.partitioned_set import PartitionedSet
from dcrf.pictures.tables import objects_table, scores_table
from dcrf.pictures.writer import SetPages
from dcrf.reporting.records import Note, SetsRecord

POINTS = PartitionedSet(
    objects=np.array([[0, 0], [0.5, 0], [1, 1], [1, 0.5]], np.float32),
    known=np.array([0, 0, 1, 1]),
    n_clusters=2,
    probabilities=np.array([0.1, 0.7, 0.2]),
    partitions=np.array([[0, 0, 0, 0], [1, 1, 0, 0], [2, 0, 1, 1]]),
    scores={
        "acc": (0.5, 1.0, 0.75),
        "misclassification_rate": (0.5, 0.0, 0.25),
        "bbn": (None,) * 3,
    },
)
UNKNOWN = replace(POINTS, known=None, scores={})
GRAY = replace(POINTS, objects=np.linspace(-1, 1, 4 * 12, dtype=np.float32).reshape(4, 1, 3, 4))


def colors(panel):
    return re.findall('<circle [^>]*fill="(#[0-9a-f]+)"', panel.elements)


def parsed(elements):
    return ET.fromstring(f"<svg>{elements}</svg>")


def test_objects_have_their_cluster_for_every_number():
    rows = list(csv.DictReader(objects_table([POINTS, POINTS]).splitlines()))

    assert len(rows) == 8
    assert rows[4] == {
        **{"set": "1", "object": "0", "value_1": "0.0", "value_2": "0.0", "known": "0"},
        **{"cluster": "1", "cluster_of_1": "0", "cluster_of_2": "1", "cluster_of_3": "2"},
    }


def test_numbers_have_their_probability_and_scores():
    rows = list(csv.DictReader(scores_table([POINTS]).splitlines()))

    assert [float(row["probability"]) for row in rows] == [0.1, 0.7, 0.2]
    assert (
        [row["is_chosen"] for row in rows] == [row["is_known"] for row in rows] == ["0", "1", "0"]
    )
    assert [row["acc"] for row in rows] == ["0.5", "1.0", "0.75"]
    assert {row["bbn"] for row in rows} == {""}


def test_tables_of_unknown_partitions_and_of_images_lack_what_they_do_not_have():
    assert objects_table([UNKNOWN]).startswith("set,object,value_1,value_2,cluster,cluster_of_1")
    assert objects_table([GRAY]).startswith("set,object,known,cluster,cluster_of_1")
    assert scores_table([UNKNOWN]).startswith("set,num_clusters,probability,is_chosen\n")


def test_predicted_clusters_have_the_color_of_the_known_one_that_they_match():
    drawing = SetDrawing(POINTS, "s0")

    assert (
        colors(drawing.known()) == colors(drawing.predicted(2)) == [COLORS[0]] * 2 + [COLORS[1]] * 2
    )
    assert len(set(colors(drawing.predicted(3)))) == 3
    assert matched(POINTS.partitions[2], POINTS).tolist()[2:] == [1, 1]


def test_points_stand_at_their_places_with_the_same_scale_on_both_axes():
    circles = parsed(SetDrawing(POINTS, "s0").known().elements).findall("circle")
    places = np.array([[float(c.get("cx")), float(c.get("cy"))] for c in circles])

    scale = (places[1, 0] - places[0, 0]) / 0.5
    upside = POINTS.objects * [1, -1]
    np.testing.assert_allclose(places - places[0], scale * upside, atol=0.02)
    assert places.min() >= 0
    assert places.max() <= 100


@pytest.mark.parametrize("width", [1, 3, 7])
def test_rows_of_other_widths_stand_by_their_principal_axes(width):
    objects = np.random.default_rng(0).normal(size=(4, width)).astype(np.float32)
    circles = parsed(SetDrawing(replace(POINTS, objects=objects), "s").known().elements)

    assert len(circles.findall("circle")) == 4


def test_equal_objects_stand_in_the_middle():
    equal = replace(POINTS, objects=np.ones((4, 2), np.float32))

    assert SetDrawing(equal, "s").known().elements.count('cx="50.00" cy="50.00"') == 4


@pytest.mark.parametrize("shape", [(3, 4), (1, 3, 4), (3, 3, 4)])
def test_images_stand_by_predicted_clusters_in_frames_of_their_known_ones(shape):
    objects = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
    drawing = SetDrawing(replace(POINTS, objects=objects), "s7")

    panel = parsed(drawing.predicted(3).elements)
    frames, uses = panel.findall("rect"), panel.findall("use")
    tops = [float(frame.get("y")) for frame in frames]
    assert [use.get("href") for use in uses] == ["#s7o1", "#s7o2", "#s7o3", "#s7o0"]
    # the third cluster has no match, so it comes last
    assert tops[0] < tops[1] == tops[2] < tops[3]
    assert [frame.get("fill") for frame in frames] == [COLORS[0], COLORS[1], COLORS[1], COLORS[0]]
    ids = {image.get("id"): image.get("href") for image in parsed(drawing.definitions())}
    assert {use.get("href").removeprefix("#") for use in uses} == set(ids)
    content = base64.b64decode(ids["s7o0"].removeprefix("data:image/png;base64,"))
    with Image.open(BytesIO(content)) as image:
        assert image.size == (4, 3)


def test_the_known_number_of_clusters_is_green():
    bars = parsed(SetDrawing(POINTS, "s").counts().elements).findall("rect")

    assert [bar.get("fill") == GREEN for bar in bars] == [False, True, False]
    heights = [float(bar.get("height")) for bar in bars]
    assert heights[1] / heights[2] == pytest.approx(3.5, abs=0.01)
    assert GREEN not in SetDrawing(UNKNOWN, "s").counts().elements


@pytest.mark.parametrize("partitioned", [POINTS, UNKNOWN, GRAY])
def test_sheet_and_page_are_well_formed(partitioned):
    drawings = [SetDrawing(partitioned, f"s{place}") for place in range(6)]
    picture = ET.fromstring(sheet(drawings))

    assert picture.tag.endswith("svg")
    text = page(drawings, "a <b> & c")
    assert "a &lt;b&gt; &amp; c" in text
    assert text.count("<section") == 6
    for element in re.findall("<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(element)


def test_a_page_says_which_numbers_are_right():
    wrong = replace(POINTS, n_clusters=3)
    text = page([SetDrawing(POINTS, "a"), SetDrawing(wrong, "b")], "title")

    assert "2 clusters, all right" in text
    assert "3 clusters, not 2" in text
    assert "2 sets, 1 with the right number of clusters, ACC 0.875" in text


def test_pictures_come_with_the_records_of_sets(tmp_path):
    writer = SetPages(tmp_path / "pictures")
    writer.write(Note("nothing to draw"))
    assert not (tmp_path / "pictures").exists()
    for iteration in (10, 9, None):
        writer.write(SetsRecord("my points", "training", iteration, [POINTS]))
    writer.close()

    folder = tmp_path / "pictures/my_points"
    assert {f.name for f in folder.iterdir()} == {"training_it_9", "training_it_10", "training_end"}
    assert {f.name for f in (folder / "training_end").iterdir()} == {
        *("index.html", "objects.csv", "scores.csv", "sheet.svg"),
    }
    links = re.findall('href="([^"]+)"', (tmp_path / "pictures/index.html").read_text())
    assert links == [f"my_points/training_{m}/index.html" for m in ("it_9", "it_10", "end")]


def test_writing_again_replaces_the_files(tmp_path):
    write_pages(tmp_path, [POINTS, POINTS], "first")
    write_pages(tmp_path, [POINTS], "second")

    assert "second" in (tmp_path / "index.html").read_text()
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 4
