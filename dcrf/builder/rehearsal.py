"""Go through a method as training will, with batches that have a shape and no content."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import CentroidStart
from dcrf.batch import Batch, SweptRows
from dcrf.builder.blanks import META, BlankData
from dcrf.builder.components import located
from dcrf.builder.guesses import guesses
from dcrf.builder.method import Places, build_method
from dcrf.builder.moments import moments, overrun
from dcrf.builder.phases import PhaseBuilder
from dcrf.builder.run import Run
from dcrf.builder.samples import DEFAULT, Expected
from dcrf.builder.saved_ahead import SavedAhead
from dcrf.builder.shapes import Trail, names_of, watched
from dcrf.builder.size import size_problems
from dcrf.config.model import DatasetConfig, MethodConfig, PhaseConfig
from dcrf.data.plan import Loading
from dcrf.errors import ConfigError, Problem
from dcrf.evaluation.evaluator import Evaluator
from dcrf.mappings.mapping import Mapping
from dcrf.reporting.writers import Writers
from dcrf.streams import Streams
from dcrf.training.method import Method
from dcrf.training.phase import PatternUse, Phase

_ONLY_WITH_CONTENT = ("meta tensor", "device meta", "'meta'", "Meta backend")


def rehearse(config: MethodConfig, data: Sequence[Expected]) -> list[Problem]:
    """Return what would fail in a run, as far as shapes and numbers of samples tell.

    Layers, patterns and strategy run on torch's meta device, without data and without memory.

    Args:
        config: of a method whose parts can all be built.
        data: what is known of each data set.
    """
    plain = replace(config, precision="fp32", compile=False)
    problems: list[Problem] = []
    made: _Made | None = None
    saved = SavedAhead(plain)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers without memory, which never run again
        for dataset, its in zip(plain.datasets, data, strict=True):
            if made is None or dataset.reinitialize_mappings:
                made = _made(plain, dataset, saved)
            made = _rehearse_dataset(plain, dataset, its, made, problems)
    return problems


@dataclass(frozen=True, slots=True)
class _Made:
    """A method without memory, and where its parts stand in the file."""

    method: Method
    places: Places
    saved: SavedAhead


def _made(config: MethodConfig, dataset: DatasetConfig, saved: SavedAhead) -> _Made:
    places: Places = {}
    with META:
        method = build_method(config, dataset.num_clusters, Streams(0), places)
    return _Made(method, places, saved)


def _rehearse_dataset(
    config: MethodConfig,
    dataset: DatasetConfig,
    data: Expected,
    made: _Made,
    problems: list[Problem],
) -> _Made:
    """Add the problems; where samples are of unknown shape, those of the best guess."""
    if data.shapes is not None:
        _Rehearsal(config, dataset, data, made, problems).run()
        named = made.method.mappings  # of which lazy layers have a size by now
        problems += size_problems({entry.path: named[entry.name] for entry in config.mappings})
        return made
    best: list[Problem] | None = None
    for guess in guesses(config, made.method):
        made = _made(config, dataset, made.saved)
        shapes = dict.fromkeys((DEFAULT, *dataset.batch_augmentations), guess.shape)
        found: list[Problem] = []
        hides = nn.Module if guess.is_exact else Mapping
        _Rehearsal(config, dataset, replace(data, shapes=shapes), made, found, hides).run()
        if best is None or len(found) < len(best):
            best = found
    problems += best or []
    return made


class _Rehearsal:
    """A data set.

    Args:
        config: of the method.
        dataset: of it.
        data: what is known of its samples, or guessed.
        made: the method.
        problems: gets what fails.
        hides: nothing is said where the nearest module of this kind gets samples, whose shape is
            guessed.
    """

    def __init__(
        self,
        config: MethodConfig,
        dataset: DatasetConfig,
        data: Expected,
        made: _Made,
        problems: list[Problem],
        hides: type[nn.Module] | None = None,
    ) -> None:
        self.config, self.dataset, self.problems, self.hides = config, dataset, problems, hides
        self.method, self.saved = made.method, made.saved
        self.has_labels, self.lacks_centroids = data.has_labels, False
        self.trail = Trail(made.places, names_of(config, made.places))
        self.data = BlankData(
            data.shapes or {},
            data.n_samples,
            Loading(dataset.batch_size, drop_last=dataset.drop_last),
            made.method,
            self.trail,
        )

    def run(self) -> None:
        """Go through the phases, and the final evaluation."""
        run = Run(self.config, Streams(0), META.type, Writers([]), Path())
        with watched(self.trail):
            for entry in self.config.phases:
                if entry.name in self.dataset.phases:
                    phase = replace(entry, saves=())
                    self._phase(PhaseBuilder(run, self.dataset, phase), phase)
                    self.saved.save(entry, self.dataset.name, self.method)
            self._evaluate()

    def _phase(self, builder: PhaseBuilder, phase: PhaseConfig) -> None:
        self._load(phase)
        self._start_centroids(phase)
        self.method.train()
        labels = np.zeros(1, np.int64) if self.has_labels else None
        evaluator = Evaluator(self.method.assignment, lambda: labels)
        with self._at(f"{phase.path}.exit_criteria"):
            self._train(builder.make(self.method, self.data.sweep(), evaluator), phase)
        if phase.performance_evaluation_interval:
            self._evaluate()
        with self._at(self.config.strategy.path):
            sweep = self.data.zeros(self.dataset.num_clusters)
            self.method.assignment.after_phase(phase.name, sweep)

    def _train(self, made: Phase, phase: PhaseConfig) -> None:
        self.problems += overrun(phase, made.optimizers.optimizers, self.data.batches_per_epoch())
        for entry, use in zip(phase.design_patterns, made.patterns.values(), strict=True):
            for clock in moments(entry, phase):
                with self._at(entry.path):
                    use.pattern.before_iteration(clock, self.data.sweep())
                    for size in self.data.batch_sizes():
                        self._lose(use, size)

    def _lose(self, use: PatternUse, size: int) -> None:
        """Take the losses of a pattern on a batch, and their gradient."""
        losses = use.pattern(use.batch_for(self.data.batch(size)))
        trained = [loss for loss in losses.values() if loss.requires_grad]
        if trained:
            own = [p for p in self.method.parameters() if p.requires_grad and not is_lazy(p)]
            torch.autograd.grad(torch.stack(trained).sum(), own, allow_unused=True)

    def _evaluate(self) -> None:
        """Assign samples, as an evaluation does."""
        assignment = self.method.assignment
        if assignment.missing():
            return
        with self._at(self.config.strategy.path):
            for member in (assignment, *assignment.members().values()):
                self.data.sweep()(_applied(member))
            if not self.has_labels:
                self.data.sweep()(lambda batch: assignment.features(batch.samples))

    def _load(self, phase: PhaseConfig) -> None:
        """Hold files of parameters against the mappings."""
        for load in phase.loads:
            with self._at(f"{load.path}.path_to_file"):
                self.saved.load(load, self.method)

    def _start_centroids(self, phase: PhaseConfig) -> None:
        entry, centroids = self.config.centroids, self.method.centroids
        if not entry or phase.name not in entry.phases or centroids.are_initialised:
            return
        extractor = self.method.mappings[entry.feature_extractor_name]
        file = entry.file if entry.file and entry.file not in self.saved.written else None
        file = file if file and file.exists() else None
        start = CentroidStart(
            "load_from_file" if file else "random_uniform_noise", 1, file or Path()
        )
        before = len(self.problems)
        with self._at(f"{entry.path}.centroid_file_path" if entry.file else entry.path):
            sweep = self.data.zeros(self.dataset.num_clusters)
            rows = SweptRows(sweep, lambda samples: extractor(samples).flatten(1))
            values = start(rows, self.dataset.num_clusters, torch.Generator())
            self.saved.check_centroids(entry.file or Path(), values)
            centroids.assign(values)
        self.lacks_centroids = len(self.problems) > before

    @contextmanager
    def _at(self, path: str) -> Iterator[None]:
        """Collect what fails, at the nearest place; what only real data can tell is no failure."""
        self.trail.running.clear()
        try:
            with located(path, ""):
                yield
        except ConfigError as error:
            cause = error.__cause__
            if cause is None or error.problems[0].path != path:
                self.problems.extend(error.problems)
            elif not _needs_content(cause):
                self._take(self.trail.problem(path, cause), path)

    def _take(self, problem: Problem, path: str) -> None:
        is_hidden = self.hides is not None and self.trail.gets_samples(self.hides)
        follows = self.lacks_centroids and problem.path == path
        if not is_hidden and not follows:
            self.problems.append(problem)


def _applied(assignment: Assignment) -> Callable[[Batch], Tensor]:
    return lambda batch: assignment(batch.samples)


def _needs_content(error: BaseException | None) -> bool:
    """Whether something cannot be done without content, so that nothing is known."""
    while error is not None:
        words = str(error)
        if isinstance(error, NotImplementedError) or any(w in words for w in _ONLY_WITH_CONTENT):
            return True
        error = error.__cause__
    return False
