"""Go through a method as training will, with batches that have a shape and no content."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from dcrf.assignment.base import Assignment
from dcrf.assignment.centroids import CentroidInitialization
from dcrf.batch import Batch, DatasetPass, DatasetRows
from dcrf.builder.phases import PhaseBuilder
from dcrf.builder.run_context import Run
from dcrf.clusterings.base import first_rows
from dcrf.config.method_config import DatasetConfig, MethodConfig, PhaseConfig, SaveConfig
from dcrf.data.batch_order import Loading
from dcrf.dry_run.attribution import Failures
from dcrf.dry_run.expected_data import Expected
from dcrf.dry_run.meta_method import BlankMethod, blank_method
from dcrf.dry_run.meta_stand_ins import META, BlankData
from dcrf.dry_run.module_trace import Trail, names_of, watched
from dcrf.dry_run.saved_parameters import SavedAhead
from dcrf.dry_run.schedule_lengths import moments, overrun
from dcrf.dry_run.size_limits import size_problems
from dcrf.errors import Problem
from dcrf.evaluation.evaluator import Evaluator
from dcrf.mappings.features import extract_features
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writers
from dcrf.training.phase import PatternUse, Phase


def rehearse(config: MethodConfig, data: Sequence[Expected]) -> list[Problem]:
    """Return what would fail in a run, as far as shapes and numbers of samples tell.

    Layers, patterns and strategy run on torch's meta device, without data and without memory.

    Args:
        config: of a method whose parts can all be built.
        data: what is known of each data set. One whose samples have an unknown shape is skipped,
            and so are those that train its method further.
    """
    plain = replace(config, precision="fp32", compile=False)
    problems: list[Problem] = []
    method: BlankMethod | None = None
    saved = SavedAhead(plain)
    is_known = True
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers without memory, which never run again
        for dataset, its in zip(plain.datasets, data, strict=True):
            if method is None or dataset.reinitialize_mappings:
                method, is_known = blank_method(plain, dataset, saved), True
            is_known = is_known and its.shapes is not None
            if is_known:
                problems += _Rehearsal(plain, dataset, its, method).run()
                mappings = {e.path: method.method.mappings[e.name] for e in plain.mappings}
                problems += size_problems(mappings)  # of which lazy layers have a size by now
            else:
                saved.skip(dataset)
    return problems


class _Rehearsal:
    """A data set.

    Args:
        config: of the method.
        dataset: of it.
        data: what is known of its samples.
        method: what is rehearsed.
    """

    def __init__(
        self,
        config: MethodConfig,
        dataset: DatasetConfig,
        data: Expected,
        method: BlankMethod,
    ) -> None:
        self.config, self.dataset = config, dataset
        self.method, self.saved, self.places = method.method, method.saved, method.places
        self.has_labels = data.has_labels
        self.trail = Trail(method.places, names_of(config, method.places))
        self.failures = Failures(self.trail)
        self.data = BlankData(
            data.shapes or {},
            data.n_samples,
            Loading(dataset.batch_size, drop_last=dataset.drop_last),
            method.method,
            self.trail,
        )

    def run(self) -> list[Problem]:
        """Go through the phases, and the final evaluation; return what fails."""
        run = Run(self.config, RandomStreams(0), META.type, Writers([]), Path())
        with watched(self.trail):
            for entry in self.config.phases:
                if entry.name in self.dataset.phases:
                    phase = replace(entry, saves=())
                    self._phase(PhaseBuilder(run, self.dataset, phase), entry)
                    self._save(entry)
            self._evaluate()
        for name in self.method.mappings:
            self._check_sizes(name, None, "it never runs")
        return self.failures.problems

    def _phase(self, builder: PhaseBuilder, phase: PhaseConfig) -> None:
        self._load(phase)
        self._start_centroids(phase)
        self.method.train()
        labels = np.zeros(1, np.int64) if self.has_labels else None
        evaluator = Evaluator(self.method.assignment, lambda: labels)
        if (phase_made := self._phase_made(builder, evaluator)) is not None:
            self._train(phase_made, phase)
        if phase.performance_evaluation_interval:
            self._evaluate()
        with self.failures.at(self.config.strategy.path):
            self.method.assignment.after_phase(phase.name, self._pass_for_clusters())

    def _phase_made(self, builder: PhaseBuilder, evaluator: Evaluator) -> Phase | None:
        """Return the phase, without optimizers where they cannot be made."""
        without = replace(builder.phase, optimizers=(), schedulers=(), optimizer_cycle=())
        for phase in (builder.phase, without):
            with self.failures.at(f"{phase.path}.exit_criteria"):
                maker = replace(builder, phase=phase)
                return maker.make(self.method, self.data.data_pass(), evaluator)
        return None

    def _train(self, phase: Phase, entry: PhaseConfig) -> None:
        per_epoch = self.data.batches_per_epoch()
        self.failures.add(*overrun(entry, phase.optimizers.optimizers, per_epoch))
        uses = zip(entry.design_patterns, phase.patterns.values(), strict=True)
        todo = [(clock, one.path, use) for one, use in uses for clock in moments(one, entry)]
        for clock, path, use in sorted(todo, key=lambda its: its[0].iteration):
            for save in entry.saves:
                if save.interval is not None and save.interval < clock.iteration:
                    self._check_save(save)
            with self.failures.at(path):
                use.pattern.before_iteration(clock, self.data.data_pass())
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
        assignment, path = self.method.assignment, self.config.strategy.path
        if assignment.why_not_ready():
            return
        members = (assignment, *assignment.candidates().values())
        uses = [_applied(member) for member in members]
        if not self.has_labels:
            uses.append(lambda batch: assignment.features(batch.samples))
        for use in uses:
            with self.failures.at(path):
                self.data.data_pass()(use)

    def _load(self, phase: PhaseConfig) -> None:
        """Hold files of parameters against the mappings."""
        for load in phase.loads:
            with self.failures.at(f"{load.path}.path_to_file"):
                self.saved.load(load, self.method)

    def _save(self, phase: PhaseConfig) -> None:
        for save in phase.saves:
            self._check_save(save)
        self.saved.save(phase, self.dataset.name, self.method)

    def _check_save(self, save: SaveConfig) -> None:
        if save.mapping_name is not None:
            self._check_sizes(save.mapping_name, save.path, "it has not run by then")

    def _check_sizes(self, mapping: str, path: str | None, reason: str) -> None:
        """Add a problem for a layer that has no size when it is saved, as far as that is known."""
        if self.failures.problems or self.failures.is_cut:
            return
        for layer in self.method.mappings[mapping].modules():
            if layer in self.places and any(map(is_lazy, layer.parameters(recurse=False))):
                kind = type(layer).__name__
                found = f"mapping {mapping!r} cannot be saved: {reason}, so {kind} has no size"
                remedy = f"write {kind.removeprefix('Lazy')!r} with its sizes, or use the mapping"
                self.failures.add(Problem(path or self.places[layer], found, remedy))
                return

    def _start_centroids(self, phase: PhaseConfig) -> None:
        entry, centroids = self.config.centroids, self.method.centroids
        if not entry or phase.name not in entry.phases or centroids.are_initialized:
            return
        extractor = self.method.mappings[entry.feature_extractor_name]
        n_clusters = self.dataset.num_clusters
        is_ahead = entry.file in self.saved.written or entry.file in self.saved.unknown
        file = None if is_ahead else entry.file
        with self.failures.at(f"{entry.path}.centroid_file_path" if entry.file else entry.path):
            rows = DatasetRows(self._pass_for_clusters(), partial(extract_features, extractor))
            values = torch.empty(n_clusters, first_rows(rows).shape[1], device=META)
            if file and file.exists():
                start = CentroidInitialization("load_from_file", file=file)
                values = start(rows, n_clusters, torch.Generator())
            self.saved.check_centroids(entry.file or Path(), values)
            centroids.set_values(values)
        self.failures.lacks_centroids = not centroids.are_initialized

    def _pass_for_clusters(self) -> DatasetPass:
        """Return a pass over as many samples as clusters need, two at least if there are two."""
        data_pass = self.data.data_pass()
        return replace(
            data_pass, n_samples=max(self.dataset.num_clusters, min(2, data_pass.n_samples))
        )


def _applied(assignment: Assignment) -> Callable[[Batch], Tensor]:
    return lambda batch: assignment(batch.samples)
