"""`"auto"` is replaced by the sizes of the data, and is a problem where they have no such size."""

import json

import pytest

from dcrf.config import load_checked, load_datasets, with_places
from dcrf.config.data_sizes import ANY_SIZES, DataSizes, Size, places
from dcrf.errors import ConfigError, Problem
from tests.unit.config.methods import classifying, dec, write

FLAT = {"type": "Flatten"}
AUTO = "auto"


def linear(n_in, n_out):
    return {"type": "Linear", "in_features": n_in, "out_features": n_out}


def mlp(*sizes, **others):
    return {"type": "mlp", "sizes": list(sizes), **others}


def conv(*channels):
    return {"type": "conv", "channels": list(channels), "kernel_size": 3}


def mapping(role, *layers, **others):
    return {"type": role, "layers": list(layers), **others}


def filled(entry, shape=(1, 4, 5), n_clusters=3):
    """The layers of a mapping, or the shape of a mirrored one, after `"auto"` is replaced."""
    content = json.loads(json.dumps({"mappings": [entry]}))
    for place in places(content):
        if place.is_auto:
            place.fill(DataSizes(shape, n_clusters))
    (entry,) = content["mappings"]
    return entry.get("layers", entry.get("sample_shape"))


READERS = ["feature_extractor", "sample_space_classifier", "design_pattern_specific"]
CLASSIFIERS = ["sample_space_classifier", "feature_space_classifier"]


@pytest.mark.parametrize("role", READERS)
def test_mappings_begin_with_the_values_of_a_sample(role):
    assert filled(mapping(role, FLAT, mlp(AUTO, 9, 2))) == [FLAT, mlp(20, 9, 2)]
    assert filled(mapping(role, FLAT, linear(AUTO, 2))) == [FLAT, linear(20, 2)]


@pytest.mark.parametrize("role", CLASSIFIERS)
def test_classifiers_end_in_the_number_of_clusters(role):
    softmax = {"type": "Softmax", "dim": 1}

    assert filled(mapping(role, linear(4, AUTO), softmax)) == [linear(4, 3), softmax]
    assert filled(mapping(role, mlp(4, AUTO), softmax)) == [mlp(4, 3), softmax]


def test_decoders_end_in_a_sample():
    unflatten = {"type": "Unflatten", "dim": 1, "unflattened_size": AUTO}
    decoder = mapping("design_pattern_specific", mlp(2, AUTO), unflatten, prior_mapping_name="a")

    assert filled(decoder) == [mlp(2, 20), {**unflatten, "unflattened_size": [1, 4, 5]}]


def test_mirrored_decoders_get_the_shape_of_a_sample():
    mirror = {"type": "design_pattern_specific", "mirror_of": "encoder", "sample_shape": AUTO}

    assert filled(mirror) == [1, 4, 5]


def test_convolutions_get_the_channels_of_an_image():
    decoder = mapping("design_pattern_specific", conv(8, AUTO))
    single = {"type": "Conv2d", "in_channels": AUTO, "out_channels": 4, "kernel_size": 3}

    assert filled(mapping("feature_extractor", conv(AUTO, 8))) == [conv(1, 8)]
    assert filled(mapping("feature_extractor", single)) == [{**single, "in_channels": 1}]
    assert filled(decoder) == [conv(8, 1)]


def test_layers_within_layers_count():
    residual = {"type": "residual", "layers": [mlp(AUTO, 20)]}
    sequential = {"type": "Sequential", "positional_arguments": [FLAT, linear(AUTO, 2)]}

    assert filled(mapping("feature_extractor", residual)) == [
        {"type": "residual", "layers": [mlp(20, 20)]}
    ]
    (inner,) = filled(mapping("feature_extractor", sequential))
    assert inner["positional_arguments"] == [FLAT, linear(20, 2)]


@pytest.mark.parametrize(
    "entry",
    [
        mapping("feature_extractor", linear(4, AUTO)),
        mapping("feature_extractor", linear(4, 4), linear(AUTO, 2)),
        mapping("feature_extractor", conv(1, 2), FLAT, linear(AUTO, 2)),
        mapping("feature_extractor", {"type": "MaxPool1d", "kernel_size": 2}, linear(AUTO, 2)),
        mapping("feature_extractor", linear(AUTO, 2), prior_mapping_name="trunk"),
        mapping("feature_extractor", mlp(4, AUTO, 2)),
        mapping("feature_extractor", mlp(AUTO)),
        mapping("feature_space_classifier", linear(AUTO, 2)),
        mapping("design_pattern_specific", linear(4, AUTO), conv(1, 2)),
    ],
)
def test_other_sizes_are_not_known_from_the_data(entry):
    assert filled(entry) == entry["layers"]


def test_rows_have_no_channels():
    assert DataSizes((4,), 2).number(Size.CHANNELS) is None
    assert DataSizes(None, 2).number(Size.VALUES) is None


# ---- whole files: 64 pixels, ten clusters


def encoder_of(content):
    return content["mappings"][0]["layers"]


def automatic(**changes):
    """DEC on digits, with `"auto"` for 64."""
    content = {**dec(), **changes}
    encoder_of(content)[1]["in_features"] = AUTO
    content["mappings"][1]["layers"][0]["out_features"] = AUTO
    return content


class Shapes:
    """Returns shapes, and remembers of which data sets."""

    def __init__(self, *shapes):
        self.shapes, self.asked = shapes, []

    def __call__(self, datasets):
        self.asked += [dataset.name for dataset in datasets]
        return self.shapes


IMAGES = (1, 8, 8)


def problems(folder, content, *shapes, settings=(), **options):
    with pytest.raises(ConfigError) as caught:
        load_checked(write(folder, content), settings, shapes_of=Shapes(*shapes), **options)
    return [(p.path, p.found, p.remedy) for p in caught.value.problems]


def test_a_file_is_the_same_as_one_with_numbers(tmp_path):
    config = load_checked(write(tmp_path, automatic()), shapes_of=Shapes(IMAGES))

    assert config.filled == load_checked(write(tmp_path, dec())).filled
    assert AUTO not in json.dumps(config.filled["mappings"])


def test_data_are_read_only_for_sizes_of_samples(tmp_path):
    shapes = Shapes(IMAGES)
    load_checked(write(tmp_path, dec()), shapes_of=shapes)
    content = classifying()
    head = content["mappings"][-1]["layers"]
    sized = next(layer for layer in reversed(head) if "out_features" in layer)
    sized["out_features"] = AUTO
    config = load_checked(write(tmp_path, content), shapes_of=shapes)

    assert shapes.asked == []
    assert config.filled["mappings"][-1]["layers"][head.index(sized)]["out_features"] == 10


def test_a_setting_may_be_automatic_or_change_the_data(tmp_path):
    file = write(tmp_path, dec())
    settings = ["mappings[encoder].layers[hidden].in_features=auto"]
    config = load_checked(file, settings, shapes_of=Shapes((2, 32)))

    assert config.mappings[0].layers[1]["in_features"] == 64
    shapes = Shapes((3,))
    load_checked(write(tmp_path, automatic()), ["datasets[0].name=mine"], shapes_of=shapes)
    assert shapes.asked == ["mine"]


def test_a_base_may_have_automatic_sizes(tmp_path):
    base = {**automatic(), "abstract": True}
    (tmp_path / "base.json").write_text(json.dumps(base))
    file = write(tmp_path, {"extends": "base.json", "name": "derived"})

    assert load_checked(file, shapes_of=Shapes(IMAGES)).mappings[0].layers[1]["in_features"] == 64


def test_mirrors_and_blocks_are_written_out_with_the_numbers(tmp_path):
    content = dec()
    content["mappings"][0] |= {"layers": [FLAT, mlp(AUTO, 8, 4)], "layer_initialization": []}
    content["mappings"][1] = {
        "type": "design_pattern_specific",
        "name": "decoder",
        "mirror_of": "encoder",
        "sample_shape": AUTO,
    }
    config = load_checked(write(tmp_path, content), shapes_of=Shapes(IMAGES))

    assert config.mappings[1].layers[-2]["out_features"] == 64
    assert config.mappings[1].layers[-1]["unflattened_size"] == [1, 8, 8]


def test_mirrored_convolutions_are_checked_with_the_shape_of_the_data_only(tmp_path):
    content = dec()
    content["mappings"][0] |= {"layers": [conv(AUTO, 2), FLAT], "layer_initialization": []}
    content["mappings"][1] = {
        "type": "design_pattern_specific",
        "name": "decoder",
        "mirror_of": "encoder",
        "sample_shape": AUTO,
    }
    config = load_checked(write(tmp_path, content), shapes_of=Shapes(IMAGES))

    assert config.mappings[1].layers[0]["unflattened_size"] == [2, 6, 6]
    assert config.mappings[1].layers[-1]["out_channels"] == 1
    ((path, found, _),) = problems(tmp_path, content, (1, 2, 2))
    assert (path, "kernel is larger" in found) == ("$.mappings[1].mirror_of", True)


def test_data_sets_of_different_shapes_are_named(tmp_path):
    content = automatic()
    (first,) = content["datasets"]
    content["datasets"] = [{**first, "name": "small"}, {**first, "name": "large"}]

    assert problems(tmp_path, content, (4,), (7,)) == [
        (
            "$.mappings[0].layers[1].in_features",
            "\"auto\" needs one shape of samples, but 'small' at $.datasets[0] has samples of "
            "shape (4,), and 'large' at $.datasets[1] samples of shape (7,)",
            "write a method file for each of them",
        )
    ]


def test_data_sets_of_different_numbers_of_clusters_are_named(tmp_path):
    content = classifying()
    next(e for e in reversed(content["mappings"][-1]["layers"]) if "out_features" in e)[
        "out_features"
    ] = AUTO
    (first,) = content["datasets"]
    content["datasets"] = [{**first, "name": "a"}, {**first, "name": "b", "num_clusters": 7}]
    ((_, found, _),) = problems(tmp_path, content)

    assert "'a' at $.datasets[0] has 10 clusters, and 'b' at $.datasets[1] 7 clusters" in found


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("mappings[encoder].layers[hidden].out_features=auto", "layers[1].out_features"),
        ("mappings[encoder].layers[code].positional_arguments[0]=auto", "positional_arguments[0]"),
    ],
)
def test_a_size_that_data_do_not_tell_names_the_places_that_they_do(tmp_path, setting, path):
    ((place, found, remedy),) = problems(tmp_path, dec(), settings=[setting])

    assert place.endswith(path)
    assert found.startswith('the data do not tell this size, so "auto" has no number')
    for role in ("reads samples", "decoder", "classifier", "unflattened_size", "sample_shape"):
        assert role in remedy


@pytest.mark.parametrize("written", ["Auto", "auto ", "AUTO", "auot"])
def test_misspelled_words_are_recognized(tmp_path, written):
    content = automatic()
    encoder_of(content)[1]["in_features"] = written

    assert problems(tmp_path, content, IMAGES) == [
        (
            "$.mappings[0].layers[1].in_features",
            f"{written!r} is not a number",
            "did you mean 'auto'?",
        )
    ]


def test_other_words_are_not(tmp_path):
    content = automatic()
    encoder_of(content)[1]["in_features"] = "many"
    dropout = {"type": "Dropout", "p": "Auto"}
    encoder_of(content).insert(2, dropout)

    remedies = [remedy for *_, remedy in problems(tmp_path, content, IMAGES)]
    assert remedies == ["write a number for 'in_features'", "write a number for 'p'"]


@pytest.mark.parametrize("written", ["Auto", "auto "])
def test_misspelled_words_are_recognized_as_the_shape_of_a_mirror(tmp_path, written):
    content = dec()
    content["mappings"][1].pop("layers")
    content["mappings"][1] |= {"mirror_of": "encoder", "sample_shape": written}

    expected = ("$.mappings[1].sample_shape", f"unknown value {written!r}", "did you mean 'auto'?")
    assert problems(tmp_path, content) == [expected]


def test_unreadable_data_are_named_with_the_place_that_needs_them(tmp_path):
    problem = Problem("$.datasets[0].dataset", "the file is empty")

    assert problems(tmp_path, automatic(), [problem]) == [
        (
            "$.datasets[0].dataset",
            "the file is empty",
            '"auto" at $.mappings[0].layers[1].in_features is read from these data; a number there '
            "needs no data",
        )
    ]


def test_an_unknown_shape_is_a_problem_of_the_place(tmp_path):
    ((path, found, remedy),) = problems(tmp_path, automatic(), [])

    assert path == "$.mappings[0].layers[1].in_features"
    assert "'load_digits' at $.datasets[0] may have any shape" in found
    assert "Resize" in remedy


def test_samples_without_channels_are_named(tmp_path):
    content = dec()
    content["mappings"][0] |= {"layers": [conv(AUTO, 2), FLAT], "layer_initialization": []}
    ((path, found, _),) = problems(tmp_path, content, (64,))

    assert path == "$.mappings[0].layers[0].channels[0]"
    assert (
        found == '"auto" is the number of channels of an image here, but samples have the '
        "shape (64,)"
    )


def test_without_data_every_place_is_a_problem(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_checked(write(tmp_path, automatic()))

    assert [p.path for p in caught.value.problems] == [
        "$.mappings[0].layers[1].in_features",
        "$.mappings[1].layers[0].out_features",
    ]
    assert all("shapes_of" in p.remedy for p in caught.value.problems)


def test_other_problems_are_reported_without_reading_data(tmp_path):
    shapes = Shapes(IMAGES)
    content = automatic(sede=1)
    with pytest.raises(ConfigError) as caught:
        load_checked(write(tmp_path, content), shapes_of=shapes)

    assert [p.path for p in caught.value.problems] == ["$.sede"]
    assert shapes.asked == []


def test_data_sets_are_loaded_whatever_the_sizes_are(tmp_path):
    (dataset,) = load_datasets(write(tmp_path, automatic()))

    assert dataset == load_checked(write(tmp_path, dec())).datasets[0]


def test_problems_found_later_are_placed_in_a_file_with_blocks(tmp_path):
    content = dec()
    content["mappings"][0] |= {"layers": [FLAT, mlp(AUTO, 8, 4)], "layer_initialization": []}
    file = write(tmp_path, content)
    (placed,) = with_places(file, [Problem("$.mappings[0].layers[2]", "it is too large")])

    assert placed.path == "$.mappings[0].layers[1]"


def test_any_sizes_fill_every_place():
    assert all(ANY_SIZES.number(size) for size in Size)
