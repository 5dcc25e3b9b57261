"""A phase of a shipped configuration in both implementations."""

import numpy as np
import torch

from benchmarks.speed import FILES
from benchmarks.straightforward import straightforward
from dcrf.batch import Batch, Clock
from dcrf.builder import RunContext
from dcrf.builder.method import build_method
from dcrf.builder.metrics import build_metrics
from dcrf.builder.phases import PhaseBuilder
from dcrf.config import load_checked
from dcrf.evaluation.evaluator import Evaluator
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writers
from dcrf.runs.run_files import RunFiles
from dcrf.training.phase import begin_iteration, compute_losses

SAME_LOSS = {
    "reconstruction/reconstruction": "reconstruction",
    "layer_wise_pretraining/reconstruction": "reconstruction",
    "instance_contrast/contrast": "instance_contrast",
    "cluster_contrast/contrast": "cluster_contrast",
    "target_distribution/divergence": "divergence",
    "assignment_entropy/negative_entropy": "entropy_1",
    "assignment_entropy_2/negative_entropy": "entropy_2",
    "assignment_reinforcement/reinforcement": "k_means",
    "adversarial_interpolation/autoencoder": "interpolation",
    "adversarial_interpolation/critic": "critic",
}
"""dcrf's name of a loss -> its name here."""


def random_images(name, n=64):
    """Images as the data set of a configuration has them."""
    values = np.random.default_rng(0).random((n, 8, 8) if name == "quickstart" else (n, 28, 28))
    return values.astype(np.float32) if name == "quickstart" else (255 * values).astype(np.uint8)


class Pair:
    """A phase in both implementations, with the same parameters, in float64.

    In float32 an Adam step may turn the rounding error of a tiny gradient into a full step.
    """

    def __init__(self, name, phase, folder, images=None):
        self.direct = straightforward(FILES[name], phase, images, torch.randn(10, 10))
        config = load_checked(FILES[name])
        run = RunContext(
            config, RandomStreams(0), "cpu", Writers([]), RunFiles(folder, config.name)
        )
        (dataset,) = (entry for entry in config.datasets if phase in entry.phases)
        (entry,) = (entry for entry in config.phases if entry.name == phase)
        self.method = build_method(config, dataset.num_clusters, run.streams, run.files.read_tensor)
        self.method.centroids.set_values(self.direct.centroids)
        self.phase = PhaseBuilder(run, dataset, entry).make(
            self.method,
            self.data_pass,
            Evaluator(self.method.assignment, lambda: None, build_metrics()),
        )
        self.method.double()
        for mapping, network in self.method.mappings.items():
            self.direct.networks[mapping].double().load_state_dict(network.net.state_dict())
        self.direct.centroids.data = self.direct.centroids.data.double()
        if hasattr(self.direct.method, "corrupt"):  # masks of nn.Dropout are no torch.rand
            rate = self.direct.method.corrupt.p
            self.direct.method.corrupt = lambda values: (
                values * (torch.rand(values.shape) >= rate) / (1 - rate)
            )
        if hasattr(self.clustering, "images"):
            self.clustering.images = self.clustering.images.double()

    @property
    def patterns(self):
        return [use.pattern for use in self.phase.patterns.values()]

    @property
    def clustering(self):
        return getattr(self.direct.method, "clustering", self.direct.method)

    def data_pass(self, function):
        samples = self.clustering.images
        with torch.no_grad():
            return function(Batch(torch.arange(len(samples)), samples))

    def step(self, batch, iteration):
        """Do an iteration in both with the same draws; return the losses of both by their names."""
        generators = [p.generator for p in self.patterns if hasattr(p, "generator")]
        for generator in [torch.default_generator, *generators]:
            generator.manual_seed(7)
        self.direct.iteration = iteration - 1
        expected = self.direct.step(batch)
        self.method.assignment.iterations = iteration - 1
        views = {name: view for name, view in batch.items() if name not in ("index", "plain")}
        shown = Batch(batch["index"], batch.get("plain", batch.get("view_1")), views)
        mappings, clock = list(self.method.mappings.values()), Clock(1, iteration)
        batch_of = begin_iteration(self.phase, clock, shown, self.data_pass)
        losses = compute_losses(self.phase.patterns, clock, batch_of, mappings)
        self.phase.optimizers.step(losses, clock)
        return expected, {SAME_LOSS[name]: loss for name, loss in losses.items()}

    def parameters(self):
        """Return copies of all parameters of both, by their names."""
        ours = {name: mapping.net for name, mapping in self.method.mappings.items()}
        return (
            _copied(self.direct.networks, self.direct.centroids),
            _copied(ours, self.method.centroids.values),
        )


def _copied(networks, centroids):
    parameters = {
        f"{name}.{key}": parameter
        for name, network in networks.items()
        for key, parameter in network.named_parameters()
    }
    return {
        name: parameter.detach().clone()
        for name, parameter in {**parameters, "centroids": centroids}.items()
    }
