"""Published figures have a source that somebody has read, and bands are sensible."""

import json

import pytest

from dcrf.reproduction.figures import FIGURES, Band, Figure, read_published
from dcrf.schema.registry import METRICS


def test_the_shipped_figures_can_be_read():
    entries = read_published()

    assert entries
    for known in entries.values():
        scores = [value for figure in known.figures for value in figure.scores.values()]
        assert all(0 < value <= 1 for value in scores)
        assert known.band is None or 0 < known.band.low < known.band.high <= 1
        names = [name for figure in known.figures for name in figure.scores]
        assert {*names, *([known.band.metric] if known.band else [])} <= METRICS.schemas.keys()


def test_every_method_has_one_entry():
    pairs = json.loads(FIGURES.read_text(), object_pairs_hook=list)
    stems = [stem for stem, _ in pairs]

    assert len(stems) == len(set(stems))


@pytest.mark.parametrize(("source", "tag"), [("a paper", "M"), ("", "R")])
def test_figures_from_memory_or_nowhere_are_refused(source, tag):
    with pytest.raises(ValueError, match="expected a source and a tag of R, I, S, T"):
        Figure({"acc": 0.5}, "DEC", source, tag)


def test_unknown_keys_are_refused(tmp_path):
    file = tmp_path / "published.json"
    file.write_text('{"dec": {"band": {"metric": "acc", "lowest": 0.5}}}')

    with pytest.raises(TypeError, match="lowest"):
        read_published(file)


def test_a_band_without_an_end_is_open():
    assert Band("acc", 0.95).contains(1.0)
    assert not Band("acc", 0.95).contains(0.9494)
