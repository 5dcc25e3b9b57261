"""The straightforward implementation and dcrf: the same data, losses and steps."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

from benchmarks.speed import FILES
from benchmarks.straightforward import straightforward
from benchmarks.straightforward.shipped import PHASES
from dcrf.builder.data_sources import open_source
from dcrf.config import load_checked
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sources.raw_data import RawData
from dcrf.randomness import RandomStreams
from tests.unit.benchmarks.pair import Pair, random_images

CASES = [
    *[(name, phase, 1) for name, phase in PHASES],
    *[("deep_k_means_mnist", "training", iteration) for iteration in (1370, 50_000)],
    *[
        ("layer_wise_pretraining_mnist", "pretraining", iteration)
        for iteration in (50_000, 100_000, 150_000)
    ],
]
"""Configuration, phase, number of the first of two iterations."""

WITH_VIEWS = ["dec_cc_hybrid_mnist", "dec_cc_hybrid_fashion_mnist", "quickstart"]


@pytest.fixture(autouse=True)
def own_random_numbers():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def random_batch(images, n=16):
    shape = (n, 1, *images.shape[1:])
    views = {name: torch.rand(shape, dtype=torch.float64) for name in ("plain", "view_1", "view_2")}
    return {"index": torch.randperm(len(images))[:n], **views}


def test_every_phase_that_trains_is_there():
    contents = [json.loads(file.read_text()) for file in FILES.values()]
    phases = [(c["name"], p["name"]) for c in contents for p in c["phases"] if "optimizers" in p]

    assert Counter(PHASES.keys()) == Counter(phases)


@pytest.mark.parametrize(("name", "phase", "iteration"), CASES)
def test_losses_and_steps_are_the_same(name, phase, iteration, tmp_path):
    images = random_images(name)
    pair = Pair(name, phase, tmp_path, images)
    before = pair.parameters()
    for number in (iteration, iteration + 1):  # momentum shows in the second step
        expected_losses, losses = pair.step(random_batch(images), number)

        torch.testing.assert_close(losses, expected_losses, rtol=1e-6, atol=0)

    expected, found = (
        {key: new - old[key] for key, new in after.items()}
        for old, after in zip(before, pair.parameters(), strict=True)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-12)
    assert any(step.abs().max() > 1e-6 for step in expected.values() if step.numel())


def test_a_run_over_several_target_distributions_is_the_same(tmp_path):
    pair = Pair("quickstart", "finetuning", tmp_path)
    for iteration, batch in zip(range(1, 22), pair.direct.batches, strict=False):
        views = {name: view.double() for name, view in batch.items() if name != "index"}
        pair.step({"index": batch["index"], **views}, iteration)
    expected, found = pair.parameters()

    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "passes", "shared"), [("dec_cc_hybrid_mnist", 7, 3), ("quickstart", 5, 2)]
)
def test_encoder_passes(name, passes, shared, tmp_path):
    images = random_images(name)
    pair = Pair(name, "finetuning", tmp_path, images)
    pair.step(random_batch(images), 1)  # it makes the target distribution, too
    counts = Counter()
    encoders = {
        "here": pair.direct.networks["encoder"],
        "dcrf": pair.method.mappings["encoder"].net,
    }
    for implementation, layers in encoders.items():
        layers[1].register_forward_hook(lambda *_, of=implementation: counts.update([of]))
    pair.step(random_batch(images), 2)

    assert counts == {"here": passes, "dcrf": shared}


@pytest.mark.parametrize("name", WITH_VIEWS)
def test_views_are_drawn_alike(name):
    """Over many views of one lopsided image, pixels have the same means and deviations."""
    image = np.zeros_like(random_images(name, n=1)[0])
    side, white = len(image), 1 if name == "quickstart" else 255
    image[side // 4 : side // 2, side // 8 : 7 * side // 8] = white
    image[side // 2 : 3 * side // 4, side // 4 : side // 2] = white / 2
    images = np.repeat(image[None], 512, axis=0)
    direct = straightforward(FILES[name], "finetuning", images, torch.randn(10, 10))
    batches = [next(direct.batches), next(direct.batches)]
    entry = load_checked(FILES[name]).datasets[0]
    raw, loading = RawData(torch.from_numpy(images)[:, None], None), Loading(batch_size=512)
    views = entry.batch_augmentations
    source = DataSource(name, raw, entry.transforms, views, loading, RandomStreams(0))
    _, shown = next(source.batches(views))

    for view, expected in shown.views.items():
        found = torch.cat([batch[view] for batch in batches])
        # 0.006 to 0.015 where they are alike; without one of the transforms more than 0.02
        assert (found.mean(0) - expected.mean(0)).abs().mean() < 0.02
        assert (found.std(0) - expected.std(0)).abs().mean() < 0.02


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["dec_cc_hybrid_mnist", "dec_cc_hybrid_fashion_mnist"])
def test_samples_of_torchvision_come_alike(name):
    direct = straightforward(FILES[name], "pretraining")
    source = open_source(load_checked(FILES[name]).datasets[0], RandomStreams(0), "cpu")
    pairs = zip(range(3), direct.batches, source.batches(), strict=False)

    for _, found, (_, expected) in pairs:
        assert found.keys() == {"index", "plain"}
        assert torch.equal(found["index"], expected.indices)
        torch.testing.assert_close(found["plain"], expected.samples)


def test_digits_come_alike_and_shuffled():
    direct = straightforward(FILES["quickstart"], "finetuning", centroids=torch.randn(10, 10))
    source = open_source(load_checked(FILES["quickstart"]).datasets[0], RandomStreams(0), "cpu")
    epoch = torch.cat([next(direct.batches)["index"] for _ in range(7)])
    _, expected = next(source.batches())

    torch.testing.assert_close(direct.method.images[expected.indices], expected.samples)
    assert len(epoch.unique()) == 7 * 256
    assert not torch.equal(epoch, epoch.sort().values)


def test_too_few_images_for_a_batch_are_refused():
    direct = straightforward(FILES["quickstart"], "pretraining", random_images("quickstart"))

    with pytest.raises(ValueError, match="64 images make no batch of 256"):
        direct.run(1)


def test_clustering_starts_from_k_means():
    """Its centroids are the means of the features that are closest to them."""
    direct = straightforward(FILES["quickstart"], "finetuning", random_images("quickstart", 300))
    with torch.no_grad():
        features = direct.networks["encoder"](direct.method.images)
    clusters = torch.cdist(features, direct.centroids).argmin(dim=1)
    means = torch.stack([features[clusters == k].mean(dim=0) for k in range(10)])

    torch.testing.assert_close(direct.centroids.detach(), means, rtol=1e-4, atol=1e-5)


def test_deep_k_means_starts_at_random():
    name = "deep_k_means_mnist"
    direct = straightforward(FILES[name], "training", random_images(name))
    encoder, centroids = direct.networks["encoder"], direct.centroids.detach()
    weight, bound = encoder[1].weight.detach(), (6 / (784 + 500)) ** 0.5  # Glorot, Bengio 2010

    assert centroids.shape == (10, 10)
    assert centroids.abs().max() <= 1
    assert centroids.min() < -0.9
    assert centroids.max() > 0.9
    assert weight.abs().max() <= bound
    assert weight.abs().mean() == pytest.approx(bound / 2, rel=0.01)
    assert not any(layer.bias.any() for layer in encoder if hasattr(layer, "bias"))


def test_what_trains_nothing_is_refused():
    with pytest.raises(KeyError):
        straightforward(FILES["k_means_on_pixels"], "clustering")
