"""Every shipped reproduction is a valid method whose run has the scores of its figures."""

import pytest

from dcrf.config import load_checked
from dcrf.errors import CommandLineError
from dcrf.reproduction.entries import read_reproductions, reproductions_called
from dcrf.reproduction.method import method_content

KNOWN = read_reproductions()

every_reproduction = pytest.mark.parametrize("reproduction", KNOWN.values(), ids=[*KNOWN])


@every_reproduction
def test_its_method_is_valid_with_its_settings(reproduction):
    content = method_content(reproduction)

    config = load_checked(content, reproduction.settings, check_inputs=False)

    assert config.name == reproduction.name
    assert config.warnings == ()


@every_reproduction
def test_its_figures_are_of_scores_that_its_run_has(reproduction):
    content = method_content(reproduction)
    reclusterings = {entry["name"] for entry in content.get("reclusterings", ())}

    assert reproduction.figures
    assert {figure.reclustering for figure in reproduction.figures} <= {None, *reclusterings}
    assert all(f.scores.keys() <= {"acc", "nmi", "ari"} for f in reproduction.figures)


@every_reproduction
def test_its_texts_are_sentences(reproduction):
    assert reproduction.seeds >= 3
    assert all(text == "" or text.endswith(".") for text in (reproduction.note, reproduction.tried))


def test_names_find_reproductions_in_their_order():
    first, second, *_ = KNOWN

    found = reproductions_called([second, first, second], KNOWN)

    assert [reproduction.name for reproduction in found] == [second, first]


def test_a_misspelled_name_has_a_suggestion():
    with pytest.raises(CommandLineError, match=r"'dec_mist'; did you mean 'dec_mnist'\?"):
        reproductions_called(["dec_mist"], KNOWN)
    with pytest.raises(CommandLineError, match="'x'; there are dec_cc_hybrid_mnist_bf16"):
        reproductions_called(["x"], KNOWN)


def test_unknown_keys_are_refused(tmp_path):
    file = tmp_path / "reproductions.json"
    file.write_text('{"dec_usps": {"seeds": 1, "evaluated_on": "all", "seets": []}}')

    with pytest.raises(TypeError, match="seets"):
        read_reproductions(file)
