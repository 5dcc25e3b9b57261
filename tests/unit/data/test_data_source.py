"""The batches of a data set: order, views, data passes, both ways of reading."""

import multiprocessing
import os
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms as tv

from dcrf.batch import Batch, Clock
from dcrf.data import data_source, readers
from dcrf.data.batch_order import Loading
from dcrf.data.data_source import DataSource
from dcrf.data.sampling.base import Sampling
from dcrf.data.sampling.shuffled import Shuffled
from dcrf.data.sources.raw_data import RawData
from dcrf.data.sources.torchvision import Torchvision
from dcrf.data.views import View
from dcrf.errors import DataError
from dcrf.randomness import RandomStreams

RESIZE = [{"type": "Resize", "size": [8, 9]}, {"type": "ToTensor"}]
N = 12
EVERY = torch.arange(N)
PIXELS = torch.randint(0, 256, (N, 3, 8, 9), generator=torch.Generator().manual_seed(0)).byte()
CROP = [{"type": "RandomCrop", "size": 5}, {"type": "ToTensor"}]
FLIP = [{"type": "RandomHorizontalFlip"}]
CHOICE = [{"type": "RandomChoice", "transforms": [FLIP[0], {"type": "RandomInvert"}]}]
ERASING = [{"type": "ToTensor"}, {"type": "RandomErasing", "value": "random", "p": 1.0}]
VIEWS = {"crop": CROP, "flip": FLIP, "erasing": ERASING}
STREAMED_VIEWS = {"erasing": [RESIZE[0], *ERASING]}


class Pictures:
    """Lazy samples. If one differs in size, they do not fit into one tensor."""

    def __init__(self, sizes=(), broken=None, mode="RGB"):
        self.sizes, self.broken, self.mode = dict(sizes), broken, mode
        self.reads = 0

    def __len__(self):
        return N

    def __getitem__(self, index):
        if index == self.broken:
            raise OSError("truncated file")
        self.reads += 1
        image = Image.fromarray(PIXELS[index].permute(1, 2, 0).numpy()).convert(self.mode)
        return image.resize(self.sizes.get(index, image.size))


def in_memory(transforms=None, views=VIEWS, seed=0, **loading):
    loading = Loading(**{"batch_size": 4, "sampling": Shuffled(), **loading})
    return DataSource(
        "mine", RawData(PIXELS, np.arange(N)), transforms, views, loading, RandomStreams(seed)
    )


def lazy(transforms, views=STREAMED_VIEWS, samples=None, **loading):
    """One image is twice as large, so the samples fit into one tensor only if they are resized."""
    raw = RawData(samples or Pictures({5: (18, 16)}), None)
    loading = Loading(**{"batch_size": 4, "sampling": Shuffled(), **loading})
    return DataSource("mine", raw, transforms, views, loading, RandomStreams(0))


@pytest.fixture
def streamed(monkeypatch):
    """As `lazy`, with a memory budget of 0."""

    def source(*args, **kwargs):
        with monkeypatch.context() as patch:
            patch.setattr(data_source, "SAMPLES_IN_MEMORY_BYTES", 0)
            return lazy(*args, **kwargs)

    return source


def first(source, count, *args, **kwargs):
    return [batch for _, batch in islice(source.batches(*args, **kwargs), count)]


def same(batches, others):
    pairs = [
        pair
        for batch, other in zip(batches, others, strict=True)
        for pair in (
            (batch.indices, other.indices),
            (batch.samples, other.samples),
            *((batch.views[name], other.views[name]) for name in batch.views),
        )
    ]
    return all(torch.equal(*pair) for pair in pairs)


def test_a_batch_has_its_samples_and_the_requested_views():
    clock, batch = next(in_memory().batches(["crop"]))

    assert clock == Clock(1, 1)
    assert torch.equal(batch.samples, PIXELS[batch.indices] / 255)
    assert batch.views.keys() == {"crop"}
    assert batch.views["crop"].shape == (4, 3, 5, 5)


def test_batches_continue_over_epochs():
    clocks = [clock for clock, _ in islice(in_memory().batches(), 4)]

    assert clocks == [Clock(1, 1), Clock(1, 2), Clock(1, 3, True), Clock(2, 4)]


def test_batches_depend_on_seed_and_purpose():
    source = in_memory()
    names = sorted(VIEWS)
    batches = first(source, 5, names, "pretraining")

    assert same(batches, first(source, 5, names, "pretraining"))
    assert same(batches, first(in_memory(), 5, names, "pretraining"))
    assert not same(batches, first(source, 5, names, "finetuning"))
    assert not same(batches, first(in_memory(seed=1), 5, names, "pretraining"))


def test_batches_depend_on_the_name_of_the_data_set():
    raw, loading = RawData(PIXELS, None), Loading(4, sampling=Shuffled())
    sources = [DataSource(name, raw, None, {}, loading, RandomStreams(0)) for name in ("a", "b")]

    assert not same(*(first(source, 3) for source in sources))


@pytest.mark.parametrize("entries", [CROP, CHOICE], ids=["batched", "single samples"])
def test_draws_differ_between_batches_purposes_and_epochs(entries):
    """All samples are equal, so views of batches differ by their draws only."""
    raw = RawData(PIXELS[:1].expand(N, -1, -1, -1), None)
    source = DataSource("mine", raw, None, {"view": entries}, Loading(6), RandomStreams(0))
    batches = [
        *first(source, 3, ["view"], "pretraining"),
        *first(source, 1, ["view"], "finetuning"),
    ]
    views = [batch.views["view"].numpy().tobytes() for batch in batches]

    assert len(set(views)) == 4


def test_a_view_does_not_depend_on_other_views():
    few, many = first(in_memory(), 3, ["crop"]), first(in_memory(), 3, sorted(VIEWS))
    fewer_declared = first(in_memory(views={"crop": CROP}), 3, ["crop"])

    assert same(few, many)
    assert same(fewer_declared, many)


def test_two_views_with_the_same_transforms_differ():
    (batch,) = first(in_memory(views={"one": CROP, "two": CROP}), 1, ["one", "two"])

    assert not torch.equal(batch.views["one"], batch.views["two"])


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_draws_change_with_every_epoch(name):
    batches = first(in_memory(batch_size=N, sampling=Sampling()), 2, [name])

    assert not torch.equal(batches[0].views[name], batches[1].views[name])


def test_a_random_default_view_changes_with_epochs_but_not_with_data_passes():
    source = in_memory(transforms=CROP, batch_size=N, sampling=Sampling())
    first_epoch, second_epoch = first(source, 2)
    rows = [source.data_pass(lambda batch: batch.samples, EVERY) for _ in range(2)]

    assert not torch.equal(first_epoch.samples, second_epoch.samples)
    assert torch.equal(*rows)


def test_a_fixed_view_equals_torchvisions_result_for_each_image():
    resized = [{"type": "Resize", "size": 5}, {"type": "ToTensor"}]
    (batch,) = first(in_memory(transforms=resized, batch_size=N, sampling=Sampling()), 1)
    resize = tv.Compose([tv.Resize(5), tv.ToTensor()])

    assert torch.equal(batch.samples, torch.stack([resize(Pictures()[i]) for i in range(N)]))


@pytest.mark.parametrize("transforms", [None, RESIZE, [{"type": "CenterCrop", "size": 4}]])
def test_a_fixed_view_is_the_same_if_it_is_not_kept_in_memory(transforms, monkeypatch):
    kept = first(in_memory(transforms), 3)
    monkeypatch.setattr(readers, "SAMPLES_IN_MEMORY_BYTES", 0)

    assert same(kept, first(in_memory(transforms), 3))


@pytest.mark.parametrize(("budget", "computed"), [(2**20, N), (0, 2 * N)])
def test_a_fixed_view_is_computed_once_if_it_fits_into_memory(monkeypatch, budget, computed):
    source = in_memory([{"type": "Resize", "size": 5}], views={})
    calls, transform_sample = [], View.transform_sample
    monkeypatch.setattr(readers, "SAMPLES_IN_MEMORY_BYTES", budget)
    monkeypatch.setattr(
        View, "transform_sample", lambda *args: calls.append(1) or transform_sample(*args)
    )

    first(source, 6)

    assert len(calls) == computed + 1  # one more for the shape


def test_pinning_memory_is_skipped_without_a_gpu(streamed, recwarn):
    first(streamed(RESIZE, pin_memory=True), 2)

    assert not recwarn.list


def test_a_data_pass_covers_all_samples_in_order_without_gradient():
    weight = torch.ones((), requires_grad=True)
    rows = in_memory().data_pass(lambda batch: weight * batch.indices, EVERY)

    assert rows.tolist() == list(range(N))
    assert not rows.requires_grad


def test_a_data_pass_over_some_samples_returns_rows_in_the_order_of_the_indices():
    indices = torch.tensor([5, 2, 2, 9])
    whole = in_memory().data_pass(lambda batch: batch.samples, EVERY)

    assert torch.equal(in_memory().data_pass(lambda batch: batch.samples, indices), whole[indices])


def test_a_data_pass_may_run_between_two_batches():
    source = in_memory()
    expected = first(source, 3, ["crop"])
    batches = []
    for _, batch in islice(source.batches(["crop"]), 3):
        batches.append(batch)
        source.data_pass(lambda batch: batch.samples, EVERY)

    assert same(batches, expected)


def test_labels_are_for_the_evaluator_and_no_batch_holds_them(streamed):
    assert in_memory().labels().tolist() == list(range(N))
    assert streamed(RESIZE).labels() is None
    assert not any("label" in name for name in Batch.__slots__)


def test_both_readers_yield_the_same_samples_in_the_same_order(streamed):
    fixed = {"small": [*RESIZE, {"type": "CenterCrop", "size": 4}]}
    ways = [make(RESIZE, fixed) for make in (lazy, streamed)]
    batches, others = (first(way, 6, ["small"]) for way in ways)

    assert same(batches, others)


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("mode", ["RGB", "YCbCr"])
def test_shared_transforms_equal_torchvisions_results(num_workers, mode):
    """YCbCr images are streamed, since they are not kept in memory."""
    beginning = [{"type": "Resize", "size": [10, 9]}, {"type": "Pad", "padding": 1, "fill": 7}]
    crop = [*beginning, {"type": "CenterCrop", "size": 7}, {"type": "ToTensor"}]
    pictures = Pictures({5: (18, 16), 7: (4, 6)}, mode=mode)
    source = lazy(beginning, {"crop": crop}, pictures, num_workers=num_workers)
    fixed = [tv.Resize((10, 9)), tv.Pad(1, 7)]
    whole = tv.Compose([*fixed, tv.ToTensor()])
    part = tv.Compose([*fixed, tv.CenterCrop(7), tv.ToTensor()])

    for batch in first(source, 3, ["crop"]):
        images = [pictures[i] for i in batch.indices.tolist()]
        assert torch.equal(batch.samples, torch.stack([whole(image) for image in images]))
        assert torch.equal(batch.views["crop"], torch.stack([part(image) for image in images]))


def test_images_that_all_views_resize_are_decoded_once():
    pictures = Pictures({5: (18, 16)})
    source = lazy(RESIZE, {"flip": [RESIZE[0], *FLIP]}, pictures)
    opening = pictures.reads
    first(source, 6, ["flip"])

    assert pictures.reads == opening
    assert opening <= N + 2  # the first one is an example for the views and for decoding


def test_images_that_one_view_does_not_resize_are_decoded_for_every_batch():
    pictures = Pictures({5: (18, 16)})
    source = lazy(RESIZE, {"crop": CROP}, pictures)
    opening = pictures.reads
    batches = first(source, 6, ["crop"])

    assert pictures.reads == opening + 2 * N
    assert batches[0].views["crop"].shape == (4, 3, 5, 5)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_sample_that_a_shared_transform_does_not_fit_is_named(num_workers):
    crop = {"type": "Pad", "padding": [-4, 0]}  # takes away 8 columns
    pictures = Pictures({9: (7, 8)})

    with pytest.raises(DataError, match="data set mine: sample 9: transform Pad fails") as caught:
        lazy([crop], {}, pictures, num_workers=num_workers)
    assert "Traceback" not in str(caught.value)


def test_a_batch_is_a_copy_of_its_samples():
    raw = RawData(torch.ones(4, 2), None)
    source = DataSource("mine", raw, None, {}, Loading(4), RandomStreams(0))
    first(source, 1)[0].samples.zero_()

    assert raw.samples.sum() == 8


def source_of_folder(folder):
    raw = Torchvision("ImageFolder", root=str(folder)).open()
    return DataSource("mine", raw, None, {}, Loading(8), RandomStreams(0))


@pytest.mark.parametrize("budget", [2**20, 0], ids=["in memory", "streamed"])
def test_100_replaced_pictures_of_200_change_the_fingerprint(tmp_path, monkeypatch, budget):
    """None of them is among 64 evenly spaced ones."""
    monkeypatch.setattr(data_source, "SAMPLES_IN_MEMORY_BYTES", budget)
    spaced = set(np.linspace(0, 199, 64).astype(int).tolist())
    paths = [tmp_path / "a" / f"{number:03d}.png" for number in range(200)]
    paths[0].parent.mkdir()
    for path in paths:
        Image.new("L", (8, 8), 255).save(path)
    before = source_of_folder(tmp_path).fingerprint()
    assert source_of_folder(tmp_path).changes_since(before) == []

    for path in [path for number, path in enumerate(paths) if number not in spaced][:100]:
        Image.new("L", (8, 8), 0).save(path)

    assert "the samples differ" in source_of_folder(tmp_path).changes_since(before)


def test_the_modification_time_of_a_streamed_picture_changes_the_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setattr(data_source, "SAMPLES_IN_MEMORY_BYTES", 0)
    paths = [tmp_path / "a" / f"{number:02d}.png" for number in range(20)]
    paths[0].parent.mkdir()
    for path in paths:
        Image.new("L", (8, 8)).save(path)
    before = source_of_folder(tmp_path).fingerprint()

    os.utime(paths[7], (0, 0))

    (change,) = source_of_folder(tmp_path).changes_since(before)
    assert "modification time of a file differs" in change


def test_labels_change_the_fingerprint():
    def labeled(labels):
        raw = RawData(PIXELS, labels)
        return DataSource("mine", raw, None, {}, Loading(4), RandomStreams(0))

    before, now = labeled(np.arange(N)), labeled(np.arange(N)[::-1])
    assert now.changes_since(before.fingerprint()) == ["the labels differ"]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_closing_the_batches_ends_the_workers_without_output(streamed, num_workers, capfd):
    batches = streamed(RESIZE, num_workers=num_workers).batches(["erasing"])
    next(batches)
    working = len(multiprocessing.active_children())
    batches.close()

    assert working == num_workers
    assert not multiprocessing.active_children()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("num_workers", [1, 2])
def test_batches_do_not_depend_on_the_number_of_workers(streamed, num_workers):
    alone = first(streamed(RESIZE), 4, ["erasing"], "phase")
    others = first(streamed(RESIZE, num_workers=num_workers), 4, ["erasing"], "phase")

    assert same(alone, others)


def test_streaming_does_not_change_torchs_generator(streamed):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first(streamed(RESIZE), 2, ["erasing"])

    assert torch.equal(torch.rand(3), expected)


def test_a_streamed_data_pass_covers_all_samples_in_order(streamed):
    rows = streamed(RESIZE).data_pass(lambda batch: batch.indices, EVERY)

    assert rows.tolist() == list(range(N))


@pytest.mark.parametrize("num_workers", [0, 1])
def test_images_of_different_size_are_an_error_with_the_remedy(num_workers):
    source = lazy(None, views={}, num_workers=num_workers, sampling=Sampling())

    with pytest.raises(
        DataError, match=r"data set mine: sample 5 has the shape \(3, 16, 18\).*Resize"
    ):
        first(source, 3)


def test_images_of_different_size_are_named_by_their_ids():
    raw = RawData(Pictures({5: (18, 16)}), None, ids=[f"{i}.png" for i in range(N)])
    source = DataSource("mine", raw, None, {}, Loading(batch_size=4), RandomStreams(0))

    with pytest.raises(DataError, match=r"sample 5 \(5\.png\) has .* and sample 4 \(4\.png\) \("):
        first(source, 3)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_sample_that_cannot_be_decoded_while_streaming_is_named(streamed, num_workers):
    pictures = Pictures({1: (18, 16)}, broken=9)
    source = streamed(RESIZE, samples=pictures, num_workers=num_workers, sampling=Sampling())

    with pytest.raises(DataError, match="data set mine: sample 9 cannot be decoded") as caught:
        first(source, 3)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("transforms", "views", "message"),
    [
        (
            [{"type": "RandomCrop", "size": 20}],
            {},
            "data set mine: transforms: transform RandomCrop",
        ),
        (None, {"bad": [{"type": "RandomCrop"}]}, "mine: batch augmentation bad: .*RandomCrop"),
    ],
)
def test_a_view_that_does_not_fit_is_named_before_training(transforms, views, message):
    with pytest.raises(DataError, match=message):
        in_memory(transforms, views)


def test_a_batch_size_above_the_number_of_samples_is_an_error_before_training():
    with pytest.raises(DataError, match=r'data set mine: .*"drop_last" to false'):
        in_memory(batch_size=13)


PAIRS = torch.tensor([[3, 3], [0, 11], [5, 3]])
CLOCK = Clock(2, 5)


def test_companions_have_the_shape_of_their_indices_and_the_default_view():
    companions = in_memory().companions("phase", CLOCK, PAIRS)

    assert torch.equal(companions, PIXELS[PAIRS] / 255)


def test_random_views_of_companions_depend_on_purpose_and_iteration_and_nothing_else():
    def crops(purpose="phase", clock=CLOCK, source=None):
        return (source or in_memory()).companions(purpose, clock, PAIRS, "crop")

    busy = in_memory()
    first(busy, 3, ["crop"])

    assert crops().shape == (3, 2, 3, 5, 5)
    assert torch.equal(crops(), crops(source=busy))
    assert not torch.equal(crops(), crops("another"))
    assert not torch.equal(crops(), crops(clock=Clock(2, 6)))


def test_a_companion_that_comes_twice_has_two_draws(streamed):
    for source in (in_memory(), streamed(None, samples=Pictures())):
        view = "crop" if isinstance(source._reader, readers.MemoryReader) else "erasing"
        twice = source.companions("phase", CLOCK, torch.tensor([[3, 3]]), view)

        assert not torch.equal(twice[0, 0], twice[0, 1])


@pytest.mark.parametrize("num_workers", [1, 2])
def test_worker_processes_read_the_same_companions(streamed, num_workers):
    alone = streamed(None, samples=Pictures())
    source = streamed(None, samples=Pictures(), num_workers=num_workers)
    for iteration in (1, 2):
        for view, indices in ((None, PAIRS[:1]), ("erasing", PAIRS)):
            request = "phase", Clock(1, iteration), indices, view

            assert torch.equal(source.companions(*request), alone.companions(*request))


def test_companions_that_are_read_between_batches_change_no_batch(streamed):
    source = streamed(None, samples=Pictures(), num_workers=1)
    batches = source.batches(["erasing"])
    mixed = []
    for _ in range(3):
        mixed.append(next(batches)[1])
        source.companions("phase", CLOCK, PAIRS, "erasing")

    assert same(mixed, first(streamed(None, samples=Pictures()), 3, ["erasing"]))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_broken_companion_names_data_set_and_sample(streamed, num_workers):
    source = streamed(None, samples=Pictures(broken=5), num_workers=num_workers)

    with pytest.raises(DataError, match=r"data set mine: .*5"):
        source.companions("phase", CLOCK, PAIRS)


class LastFirst(Sampling):
    """All samples in descending order of their clusters."""

    needs_clusters = True

    def order(self, n_samples, generator, clusters):
        return torch.arange(n_samples) if clusters is None else clusters.argsort(descending=True)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_clusters_are_asked_for_when_an_epoch_starts_and_not_before(streamed, num_workers):
    source = streamed(RESIZE, views={}, sampling=LastFirst(), num_workers=num_workers)
    asked, batches = [], []

    def clusters_of(epoch):
        asked.append((epoch, len(batches)))
        return None if epoch == 1 else torch.arange(N)

    for _, batch in islice(source.batches((), "phase", 1, clusters_of), 6):
        batches.append(batch.indices.tolist())

    assert asked == [(1, 0), (2, 2), (3, 5)]
    assert batches[:3] == [[4, 5, 6, 7], [8, 9, 10, 11], [11, 10, 9, 8]]


def test_a_sampling_without_clusters_never_asks_for_them():
    def refuse(epoch):
        raise AssertionError("nobody needs them")

    assert len(list(islice(in_memory().batches((), "phase", 0, refuse), 7))) == 7


def test_a_sample_that_repeats_in_an_epoch_has_a_draw_for_each_place(streamed):
    class Twice(Sampling):
        repeats_samples = True

        def order(self, n_samples, generator, clusters):
            return torch.zeros(n_samples, dtype=torch.int64)

    source = streamed(None, samples=Pictures(), sampling=Twice())
    batches = [batch.views["erasing"] for _, batch in islice(source.batches(["erasing"]), 3)]

    assert len(torch.cat(batches).unique(dim=0)) == N
