"""A pattern that compares two views takes the default one in place of any one of them."""

from pathlib import Path

import pytest

from dcrf.config import load_checked
from dcrf.dry_run.check_method import check
from dcrf.schema.registry import DESIGN_PATTERNS
from tests.cases.methods import ENCODER, adam, linear, method, written
from tests.cases.tiny import CASES, ENTRIES


def roles(stem):
    known = DESIGN_PATTERNS.properties(stem)
    return {key: rules["x-view-role"] for key, rules in known.items() if "x-view-role" in rules}


NAMED = [(stem, key) for stem in CASES if len(roles(stem)) > 1 for key in roles(stem)]


def test_patterns_compare_views():
    assert NAMED


@pytest.mark.parametrize(("stem", "named"), NAMED)
def test_one_view_may_be_named_and_the_others_not(tmp_path, stem, named):
    of_stem = [e for name, e in ENTRIES.items() if name.partition("-")[0] == stem]
    entry = next((e for e in of_stem if named in e), CASES[stem])  # a key may need others
    own = {key: value for key, value in entry.items() if key not in roles(stem)}
    head = linear("head", prior_mapping_name="encoder")
    classifier = linear("classifier", n_out=10, role="feature_space_classifier")
    classifier["layers"].append({"type": "Softmax", "dim": 1})
    phase = {
        "name": "p",
        "order": 1,
        "exit_criteria": {"iterations": 1},
        "design_patterns": [{**own, named: "view"}],
        "optimizers": [adam("encoder")],
    }
    strategy = {"type": "classifier"}
    content = method(
        mappings=[ENCODER, head, classifier],
        phases=[phase],
        cluster_assignment_strategy=strategy,
    )

    config = load_checked(Path(written(tmp_path, content)))

    check(config)
    (pattern,) = config.phases[0].design_patterns
    assert pattern.views == {
        role: "view" if key == named else None
        for key, role in roles(stem).items()
        if key == named or role != "samples"  # the default view needs no entry
    }
