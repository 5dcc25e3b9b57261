"""A component is one stem: a schema, a module with one class, a case and a unit test."""

from pathlib import Path

import pytest

import dcrf.design_patterns
from dcrf.design_patterns.base import DesignPattern
from dcrf.schema.registry import DESIGN_PATTERNS, KINDS

TESTS = Path(__file__).parents[1]
STEMS = DESIGN_PATTERNS.schemas.keys()
PHRASES = {
    "reconstruction": ["training_feature_extractor_through_reconstruction_of_samples"],
    "adversarial_interpolation": ["training_feature_extractor_by_using_adversarial_interpolation"],
    "layer_wise_pretraining": [
        "facilitating_training_of_feature_extractor_by_using_layer_wise_pretraining"
    ],
    "instance_contrast": [
        "learning_feature_representations_by_using_contrastive_learning_and_data_augmentation"
    ],
    "cluster_contrast": [
        "learning_invariance_to_transformations_by_using_assignment_statistics_vectors"
        "_and_data_augmentation"
    ],
    "target_distribution": [
        "encouraging_cluster_formation_by_minimizing_divergence_between_current_and_target"
        "_cluster_assignment_distribution"
    ],
    "assignment_reinforcement": [
        "encouraging_cluster_formation_by_reinforcing_current_assignments_of_samples_to_clusters",
        "encouraging_cluster_formation_by_reinforcing_current_assignment_of_samples_to_clusters",
    ],
    "assignment_entropy": [
        "preventing_cluster_degeneracy_by_maximizing_entropy_of_soft_assignments"
    ],
}
"""The phrases that method files of the earlier framework use. They never change."""


def stems(folder, prefix="", ending="py"):
    return {f.stem.removeprefix(prefix) for f in folder.glob(f"{prefix}*.{ending}")} - {"__init__"}


def test_every_pattern_has_a_module_a_case_and_a_unit_test():
    modules = stems(Path(dcrf.design_patterns.__file__).parent) - {"base"}

    assert STEMS
    assert modules == STEMS
    assert stems(TESTS / "cases" / "design_patterns", ending="json") == STEMS
    assert stems(TESTS / "unit" / "design_patterns", "test_") == STEMS


@pytest.mark.parametrize("stem", STEMS)
def test_every_name_of_a_pattern_leads_to_its_one_class(stem):
    names = [name for name, its_stem in DESIGN_PATTERNS.stems.items() if its_stem == stem]

    assert names[-1] == stem
    for name in names:
        component = DESIGN_PATTERNS.resolve(name)
        assert issubclass(component, DesignPattern)
        assert component.__name__ == "".join(word.capitalize() for word in stem.split("_"))


@pytest.mark.parametrize(("stem", "phrases"), PHRASES.items())
def test_files_of_the_earlier_framework_name_patterns_by_phrase(stem, phrases):
    assert [DESIGN_PATTERNS.stems[phrase] for phrase in phrases] == [stem] * len(phrases)


@pytest.mark.parametrize("registry", KINDS.values(), ids=KINDS.keys())
def test_names_belong_to_one_component_each(registry):
    names = [
        name for s in registry.schemas.values() for name in s["properties"][registry.key]["enum"]
    ]

    assert names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("registry", KINDS.values(), ids=KINDS.keys())
def test_an_unknown_name_is_a_lookup_error(registry):
    with pytest.raises(LookupError):
        registry.resolve("no_such_component")
