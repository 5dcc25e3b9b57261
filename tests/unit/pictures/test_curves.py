from xml.etree import ElementTree as ET

from dcrf.pictures.curves import Curve, curves

SVG = "{http://www.w3.org/2000/svg}"


def document(*panels, chosen=3):
    return ET.fromstring(curves([2, 3, 4], panels, chosen))


def test_every_value_is_a_point_at_its_height():
    picture = document(Curve("a < b", [0.0, 1.0, 0.5]))

    heights = [float(circle.get("cy")) for circle in picture.iter(f"{SVG}circle")]
    assert heights[1] == 0 < heights[2] < heights[0]
    assert heights[2] == heights[0] / 2
    assert "a < b" in [text.text for text in picture.iter(f"{SVG}text")]


def test_undefined_values_have_no_point():
    assert len(list(document(Curve("a", [None, 1.0, 2.0])).iter(f"{SVG}circle"))) == 2


def test_the_chosen_number_is_marked():
    curve = Curve("a", [0.1, 0.2, 0.3])
    marked, plain = (len(list(document(curve, chosen=k).iter(f"{SVG}path"))) for k in (3, None))

    assert marked == plain + 1


def test_bars_and_reference_stay_in_the_frame():
    picture = document(Curve("a", [0.9, -0.5, 0.3], [0.3, 0.2, 0.1], [1.5, 0.0, 0.0]))

    line = next(p for p in picture.iter(f"{SVG}polyline") if p.get("stroke-dasharray"))
    assert line.get("points").split()[0].endswith(",0.00")
    assert len(list(picture.iter(f"{SVG}g"))) == 1


def test_equal_values_of_zero_are_drawn():
    assert len(list(document(Curve("a", [0.0, 0.0, 0.0])).iter(f"{SVG}circle"))) == 3
