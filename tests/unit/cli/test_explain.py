"""The command `dcrf explain` knows every part and key, without importing any."""

import subprocess
import sys

import pytest

from dcrf.cli.commands import main
from dcrf.schema.explain import explanations, kinds, occurrences, part
from dcrf.schema.registry import (
    BLOCKS,
    DESIGN_PATTERNS,
    KINDS,
    LAYERS,
    METRICS,
    SCHEDULES,
    STRATEGIES,
    TRANSFORMS,
)

NAMES = [name for registry in KINDS.values() for name in registry.stems]
NAMES += [*LAYERS.stems, *BLOCKS.stems, *TRANSFORMS.stems]


@pytest.fixture
def explain(capsys):
    def run(*words, code=0):
        assert main(["explain", *words]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return run


def test_a_pattern_is_explained_with_keys_source_and_an_entry_that_works(explain):
    text = " ".join(explain("target_distribution").split())

    assert text.startswith("target_distribution: design pattern also written encouraging_")
    assert "Minimizes the divergence of the assignments" in text
    assert "formula L = 1/n sum_i sum_j p_ij log(p_ij / q_ij), with p a constant p_ij" in text
    assert "Source: Xie, Girshick, Farhadi, ICML 2016, eq. 2-3" in text
    assert "target_power: number or schedule 1 to 8, default 2.0" in text
    assert "integer at least 1, required unless target_scope is batch" in text
    assert "normalization: frequency | root_of_frequency | none" in text
    assert (
        ' as in brb_dec_usps {"pattern": "target_distribution", "target_scope": "batch"} ' in text
    )
    assert "also in " in text


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_explained(name):
    found = explanations(name)

    assert found
    for explanation in found:
        assert name in explanation.names
        assert explanation.title
        assert explanation.description


@pytest.mark.parametrize("registry", [DESIGN_PATTERNS, STRATEGIES, SCHEDULES, METRICS])
def test_every_part_that_computes_a_quantity_has_a_formula(registry):
    for stem in registry.schemas:
        lines = part(registry, stem).formula

        assert lines, stem
        assert not any(line.startswith(" ") for line in lines)


def test_without_a_word_all_parts_are_listed(explain):
    words = explain().replace(",", " ").split()

    assert {name for names in kinds().values() for name in names} <= {*words}


@pytest.mark.parametrize("kind", ["design_patterns", "pattern", "strategy", "metrics", "layer"])
def test_a_kind_lists_its_parts(kind, explain):
    assert ": one of\n" in explain(kind)


def test_a_key_is_explained_with_every_place_that_has_it(explain):
    text = explain("batch_size")

    assert text.startswith("batch_size: key of a method file\n\nin dataset\n")
    assert "integer at least 1" in text
    assert len(occurrences("loss_weight")[0].owners) > 20


def test_names_of_torch_are_explained_with_their_arguments(explain):
    text = explain("Conv2d")

    assert text.startswith("Conv2d: layer of torch.nn\n")
    assert "torch.nn.Conv2d.html" in text
    assert '  padding_mode: zeros | reflect | replicate | circular, default "zeros"\n' in text
    assert "  kernel_size: integer, required\n" in text
    assert "it takes a function" in " ".join(explain("LambdaLR").split())


@pytest.mark.parametrize(
    ("word", "meant"),
    [("target_distributon", "target_distribution"), ("bach_size", "batch_size")],
)
def test_a_misspelled_word_gets_a_suggestion(word, meant, explain):
    expected = f"nothing is called {word!r}; did you mean {meant!r}?\n"
    assert explain(word, code=2) == expected


def test_an_unknown_word_is_an_error(explain):
    assert "explain lists all parts" in explain("xyzzy", code=2)


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_lines_fit_the_terminal(width, explain, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = explain("pairwise_constraints").splitlines()

    assert max(len(line) for line in lines if "http" not in line and "_by_" not in line) <= min(
        max(width, 60), 100
    )


def test_it_needs_no_torch():
    code = "import sys; from dcrf.cli.commands import main; main(['explain', 'k_means']); "
    code += "sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
