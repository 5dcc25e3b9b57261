"""Methods are adapted to the shape of other samples."""

import pytest

from dcrf.config.adapt import adapted, takes_images

FLAT = {"type": "Flatten"}
DATASET = {"source": "npy", "path": "/mine.npy", "name": "mine"}


def linear(n_in, n_out):
    return {"type": "Linear", "in_features": n_in, "out_features": n_out}


def mlp(*sizes):
    return {"type": "mlp", "sizes": list(sizes), "activation": "ReLU"}


def mapping(kind, *layers, **others):
    return {"type": kind, "layers": list(layers), **others}


def content(*mappings, **others):
    return {
        "name": "old",
        "description": "Old.",
        "mappings": list(mappings),
        "datasets": [{"num_clusters": 10}, {"num_clusters": 10}],
        **others,
    }


def layers(result):
    return [m.get("layers", m.get("sample_shape")) for m in result["mappings"]]


def test_layers_that_read_samples_or_end_in_them_get_their_size():
    method = content(
        mapping("feature_extractor", FLAT, mlp(784, 500, 10), name="encoder"),
        mapping("design_pattern_specific", mlp(10, 500, 784), FLAT),
        mapping("design_pattern_specific", FLAT, linear(784, 1)),
        mapping("design_pattern_specific", linear(10, 784), prior_mapping_name="encoder"),
    )

    result = adapted(method, "new", DATASET, (7,), 3)

    assert layers(result) == [
        [FLAT, mlp(7, 500, 10)],
        [mlp(10, 500, 7), FLAT],
        [FLAT, linear(7, 1)],
        [linear(10, 7)],
    ]


def test_mirrored_decoders_and_unflattening_get_the_shape():
    method = content(
        mapping("feature_extractor", FLAT, linear(256, 10), name="encoder"),
        {"type": "design_pattern_specific", "mirror_of": "encoder", "sample_shape": [1, 16, 16]},
        mapping(
            "design_pattern_specific",
            linear(10, 256),
            {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 16, 16]},
        ),
    )

    result = adapted(method, "new", DATASET, (1, 4, 5), 3)

    assert layers(result)[1] == [1, 4, 5]
    assert layers(result)[2][0] == linear(10, 20)
    assert layers(result)[2][1]["unflattened_size"] == [1, 4, 5]


def test_the_trunk_of_an_encoder_reads_samples():
    method = content(
        mapping("design_pattern_specific", linear(256, 50), name="trunk"),
        mapping("feature_extractor", linear(50, 10), prior_mapping_name="trunk"),
    )

    assert layers(adapted(method, "new", DATASET, (7,), 3)) == [[linear(7, 50)], [linear(50, 10)]]


@pytest.mark.parametrize("kind", ["sample_space_classifier", "feature_space_classifier"])
def test_classifiers_end_in_the_number_of_clusters(kind):
    head = mapping(kind, linear(20, 10), {"type": "Softmax", "dim": 1})

    result = adapted(content(head), "new", DATASET, (20,), 3)

    assert layers(result)[0][0] == linear(20, 3)


def test_convolutions_stay_as_they_are():
    convolution = {"type": "Conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": 3}
    method = content(mapping("feature_extractor", convolution, linear(256, 10)))

    assert takes_images(method)
    assert layers(adapted(method, "new", DATASET, (1, 4, 4), 3)) == layers(method)
    assert not takes_images(content(mapping("feature_extractor", linear(2, 2))))


def test_one_data_set_takes_the_place_of_all():
    method = content(mapping("feature_extractor", linear(4, 2)), seed=3)

    result = adapted(method, "new", DATASET, (5,), 3)

    assert result["name"] == "new"
    assert result["datasets"] == [{**DATASET, "num_clusters": 3}]
    assert "description" not in result
    assert "seed" not in result
    assert method["mappings"][0]["layers"] == [linear(4, 2)]  # is not changed
