"""The mixture strategy: its starts, its parameters, and that they are trained or fixed."""

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import nn

from dcrf.assignment.mixture import Mixture
from dcrf.batch import Batch, DatasetPass, Place
from dcrf.clusterings.k_means import KMeans
from dcrf.errors import ClusteringError, DataError, OptionError
from dcrf.mappings.features import Features
from dcrf.mappings.mapping import TrainableMapping
from dcrf.randomness import RandomStreams
from dcrf.storage.parameter_files import part_tensors, read_tensor
from dcrf.storage.tensor_files import save_tensors

PLACE = Place("blobs", "training")
FIXED = {"trainable": False}
BLOBS = torch.cat(
    [
        torch.randn(60, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 0.2]),
        torch.randn(30, 2, generator=torch.Generator().manual_seed(1)) * 0.5 + 8,
    ]
)


def data_pass(samples):
    def run(function, indices):
        return torch.cat([function(Batch(part, samples[part])) for part in indices.split(40)])

    return DatasetPass(len(samples), run)


def build(samples=BLOBS, form="identity", start=False, means=None, trainable=False, **changes):
    by = "clustering" if start else None
    mixture = Mixture(
        **{
            "features": Features(TrainableMapping([nn.Identity()])),
            "n_clusters": 2,
            "distribution": "normal",
            "means": {"start": "clustering", "scale": 1.0, "trainable": trainable, **(means or {})},
            "covariances": {"form": form, "start": by or "identity", "trainable": trainable},
            "weights": {"start": by or "uniform", "trainable": trainable},
            "clustering": KMeans(num_restarts=2),
            "use_mixture_during_phases": ["training"],
            "streams": RandomStreams(0),
            "read_tensor": read_tensor,
        }
        | changes
    )
    mixture.before_phase(PLACE, data_pass(samples))
    return mixture


@pytest.mark.parametrize(
    ("form", "theirs"), [("full", "full"), ("diagonal", "diag"), ("spherical", "spherical")]
)
def test_the_start_by_a_clustering_is_a_maximization_step(form, theirs):
    mixture = build(form=form, start=True)
    nearest = torch.cdist(BLOBS, mixture.cluster_centers()).argmin(1)
    model = GaussianMixture(2, covariance_type=theirs, reg_covar=0, max_iter=1)
    model._initialize(BLOBS.double().numpy(), torch.eye(2).double()[nearest].numpy())

    torch.testing.assert_close(mixture.cluster_centers(), torch.tensor(model.means_).float())
    torch.testing.assert_close(
        mixture(BLOBS).exp().double(), torch.tensor(model.predict_proba(BLOBS.double().numpy())),
        rtol=1e-3, atol=1e-5,
    )  # fmt: skip


def test_means_on_axes():
    mixture = build(torch.zeros(4, 3), means={"start": "axes", "scale": 0.5})

    assert mixture.cluster_centers().tolist() == [[0.5, -0.5, -0.5], [-0.5, 0.5, -0.5]]


def test_means_on_axes_need_as_many_dimensions_as_clusters():
    with pytest.raises(OptionError, match="at least 3 feature dimensions, not 2"):
        build(n_clusters=3, means={"start": "axes"})


def test_uniform_means_lie_below_the_scale_and_depend_on_the_seed_alone():
    means = build(means={"start": "uniform", "scale": 3.0}).cluster_centers()

    assert means.min() >= 0
    assert 1 < means.max() <= 3
    assert torch.equal(means, build(means={"start": "uniform", "scale": 3.0}).cluster_centers())


def test_means_of_a_file(tmp_path):
    file, means = tmp_path / "means.safetensors", torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    save_tensors({"means": means}, file)

    assert torch.equal(build(means={"start": "file", "path": file}).cluster_centers(), means)
    with pytest.raises(DataError, match="3 clusters in 2 feature dimensions"):
        build(n_clusters=3, means={"start": "file", "path": file})


def test_a_cluster_without_variance_is_refused():
    flat = torch.tensor([[0.0, 0.0], [1.0, 0.0], [8.0, 8.0], [9.0, 9.0]])

    with pytest.raises(ClusteringError, match=r"cluster \d is not positive definite.*identity"):
        build(flat, form="diagonal", start=True)


def test_only_trainable_parameters_have_a_gradient():
    for trainable in (True, False):
        mixture = build(form="full", start=True, trainable=trainable)
        loss = mixture(BLOBS)[:, 0].mean()

        assert loss.requires_grad == trainable
        if trainable:
            gradients = torch.autograd.grad(loss, list(mixture.owned().parameters()))
            assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_the_first_phase_initializes_and_later_ones_keep_the_values():
    mixture = build()
    first = mixture.mixture.means
    values = first.detach().clone()
    mixture.before_phase(PLACE, data_pass(BLOBS + 1))

    assert mixture.mixture.means is first
    assert torch.equal(first, values)


def test_another_phase_does_not_initialize():
    mixture = build(use_mixture_during_phases=["later"])

    assert "use_mixture_during_phases" in mixture.why_not_ready()


def test_saved_parameters_fill_a_mixture_that_has_never_been_initialized():
    mixture = build(form="full", start=True)
    other = build(form="full", start=True, use_mixture_during_phases=["later"])

    other.owned().load_state_dict(part_tensors(mixture.owned()))

    assert other.why_not_ready() is None
    assert torch.equal(other(BLOBS), mixture(BLOBS))


@pytest.mark.parametrize("form", ["identity", "spherical", "diagonal", "full"])
def test_on_the_meta_device_it_has_a_shape(form):
    mixture = build(form=form, start=True, use_mixture_during_phases=["later"]).to("meta")
    mixture.phases = {"training"}
    mixture.before_phase(PLACE, data_pass(BLOBS.to("meta")))

    assert mixture(BLOBS.to("meta")).shape == (90, 2)


def test_standardized_features_are_saved_with_the_mixture():
    features = Features(TrainableMapping([nn.Identity()]), normalize="z_score")
    mixture = build(BLOBS * 1000 + 5, features=features)

    assert {"mixture.means", "features.mean", "features.deviation"} <= {
        *part_tensors(mixture.owned())
    }
    assert mixture.cluster_centers().abs().max() < 3


def test_covariances_of_clusters_belong_to_the_means_of_the_same_clusters():
    with pytest.raises(ValueError, match='"start": "clustering" for the means, too'):
        build(form="spherical", start=True, means={"start": "uniform"})


def test_saved_parameters_of_another_number_or_form_do_not_fit():
    saved = part_tensors(build(form="spherical", start=True).owned())

    for changes in ({"n_clusters": 3}, {"form": "diagonal"}):
        other = build(**{"form": "spherical", **changes}, use_mixture_during_phases=["later"])
        with pytest.raises(RuntimeError, match="size mismatch"):
            other.owned().load_state_dict(saved)


def test_loaded_parameters_get_the_statistics_of_their_features():
    features = [Features(TrainableMapping([nn.Identity()]), normalize="z_score") for _ in range(2)]
    first, other = (build(BLOBS * 100, features=own) for own in features)
    other.feature_module.statistics.mean = torch.empty(0)
    other.before_phase(PLACE, data_pass(BLOBS * 100))

    torch.testing.assert_close(other(BLOBS * 100), first(BLOBS * 100))
