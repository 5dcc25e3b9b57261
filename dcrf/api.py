"""Run methods from Python, in the calling process, on files or on arrays in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from dcrf.batch import SampleFacts
from dcrf.builder import open_samples
from dcrf.config import MethodConfig, check_shared_files, load_checked, with_places
from dcrf.config.rules.suggestions import closest
from dcrf.data.python_arrays import raw_arrays, raw_samples
from dcrf.data.sources.load import takes_arrays
from dcrf.data.sources.raw_data import Arrays, Encoding
from dcrf.dry_run.check_method import check
from dcrf.dry_run.shapes import sample_shapes
from dcrf.errors import ConfigError, DataError, DcrfError, Problem, describe, first_line
from dcrf.evaluation.evaluator import Labels
from dcrf.randomness import RandomStreams
from dcrf.reporting.records import Outcome, PhaseRecord
from dcrf.reporting.scores import scores_of
from dcrf.reporting.writers import KeptRecords
from dcrf.runs.device import resolve_device
from dcrf.runs.job import Output
from dcrf.runs.one_run import run_in_folder, run_in_memory
from dcrf.runs.trained_run import data_set_called, new_data
from dcrf.schema.registry import SOURCES
from dcrf.training.method import Method


@dataclass(frozen=True)
class Result:
    """A trained method with its clusters. Data sets are named as in the method.

    scores: data set -> the final scores by name, such as `acc`, `nmi` and `ari`; empty if its
        samples cannot be assigned.
    reclusterings: data set -> name of a reclustering -> its scores.
    clusters: data set -> the cluster (n,) int64 of every sample in the order of the data; data sets
        whose samples cannot be assigned are missing.
    methods: data set -> the trained method. Data sets that continue the training of an earlier one
        share its method.
    steps: data set -> the fitted steps that its samples have gone through.
    encodings: data set -> the values that its source has fitted to it, such as categories or terms.
    history: losses and evaluations, the records in `metrics.jsonl` of a run folder.
    phases: how each phase ended.
    warnings: sentences about the method, its data and collapse.
    label_informed: whether labels influenced the result, which is then not unsupervised.
    config: the method with every default.
    seed: of the run.
    folder: the run folder; None if none was written.
    seconds: wall time of the run.
    """

    scores: dict[str, dict[str, float]]
    reclusterings: dict[str, dict[str, dict[str, float]]]
    clusters: dict[str, np.ndarray] = field(repr=False)
    methods: dict[str, Method] = field(repr=False)
    steps: dict[str, nn.Module | None] = field(repr=False)
    encodings: dict[str, Encoding | None] = field(repr=False)
    history: list[dict[str, Any]] = field(repr=False)
    phases: tuple[PhaseRecord, ...] = field(repr=False)
    warnings: tuple[str, ...]
    label_informed: bool
    config: MethodConfig = field(repr=False)
    seed: int
    folder: Path | None
    seconds: float

    def assign(self, samples: Any, dataset: str | None = None) -> np.ndarray:
        """Return (n, k) float32: for each new sample the probability of every cluster.

        Hard assignments have the probabilities 0 and 1; a row of zeros is noise.

        Args:
            samples: (n, ...), arrays like those of `run`, or the path of a file or folder. They get
                the encoding, the steps and the transforms of the data set. Columns of a data frame
                are found by name if the data set is a table.
            dataset: the name of the data set that they resemble, by default the last one with
                trained mappings.

        Raises:
            DataError: the samples do not fit the method.
            TrainingError: the method cannot assign samples yet.
        """
        return self._rows(samples, dataset, lambda method, rows: method.assignment(rows).exp())

    def features(self, samples: Any, dataset: str | None = None) -> np.ndarray:
        """Return (n, d) float32: for each new sample the features that clusters are formed in.

        The arguments and errors are those of `assign`.
        """
        return self._rows(samples, dataset, lambda method, rows: method.assignment.features(rows))

    def _rows(
        self, samples: Any, dataset: str | None, function: Callable[[Method, Tensor], Tensor]
    ) -> np.ndarray:
        """Return `function` of a method that is ready and of samples, batch by batch."""
        entry = data_set_called(self.config.datasets, dataset, "method")
        method = self.methods[entry.name]
        method.assignment.check_ready()
        encoding = self.encodings[entry.name]
        if isinstance(samples, Path | str):
            raw = new_data(entry, Path(samples), encoding)
        else:
            raw = raw_samples(samples, encoding)
        try:
            source = open_samples(
                entry,
                raw,
                RandomStreams(self.seed),
                self.config.device,
                self.steps[entry.name],
            )
            rows = method.pass_over(source)(lambda batch: function(method, batch.samples))
        except (DcrfError, RuntimeError, ValueError) as error:
            shape = tuple(raw.samples[0].shape)
            raise DataError(
                f"samples of shape {shape} do not fit the method: {first_line(error)}"
            ) from error
        return rows.float().cpu().numpy()


def run(
    method: Mapping[str, Any] | Path | str,
    *,
    data: Mapping[str, Any] | None = None,
    seed: int | None = None,
    device: str | None = None,
    output_dir: Path | str | None = None,
    settings: Sequence[str] = (),
    max_iterations: int | None = None,
    verbose: bool = False,
) -> Result:
    """Check a method, train it in this process and return its clusters.

    The same method, data and seed give the same numbers as the command line.

    Args:
        method: a method file, or its content as a dict.
        data: arrays for the data sets of a source that reads them, by their key `dataset`: samples,
            or a tuple (samples, labels). Samples are numbers (n, d), images of uint8 (n, h, w) or
            (n, h, w, c), images of torch (n, c, h, w), or a data frame. Labels are integers (n,),
            for evaluation only.
        seed: of all random numbers, instead of the method's.
        device: `cpu`, `cuda` and so on, instead of the method's.
        output_dir: writes a run folder `<output_dir>/<method>/<time>-<seed>`. Without it no file is
            written but those that the method names itself.
        settings: changes of values, `JSON.PATH=VALUE` as for `--set`.
        max_iterations: ends every phase after this many iterations at the latest.
        verbose: print the lines of the log.

    Raises:
        ConfigError: the method is invalid, with every problem.
        DataError: the arrays cannot be samples and labels.
        TrainingError: training fails; the message names data set and phase.
        OSError: the run folder cannot be written.
        KeyboardInterrupt: Ctrl-C; a run folder then has a checkpoint.
    """
    if not isinstance(method, Mapping | Path | str):
        expected = f"expected a method file or its content as a dict, got {type(method).__name__}"
        raise ConfigError("<dict>", [Problem("$", expected)])
    source = method if isinstance(method, Mapping) else Path(method)
    arrays = raw_arrays({} if data is None else data)
    if isinstance(max_iterations, np.integer):  # from a search over an array
        max_iterations = int(max_iterations)
    shapes_of = partial(sample_shapes, arrays=arrays)
    config = load_checked(source, settings, max_iterations, device, shapes_of=shapes_of)
    number = _seed_of(config, seed)
    config, warnings = _checked(config, source, arrays, settings)
    records, trained = KeptRecords(), _Trained()
    if output_dir is None:
        end = run_in_memory(config, number, arrays, records, trained.keep, shows_lines=verbose)
    else:
        output = Output(Path(output_dir), shows_lines=verbose)
        end = run_in_folder(config, number, output, arrays, records, trained.keep)
    if end.error is not None:
        raise end.error
    outcome = end.outcome
    return Result(
        scores={record.dataset: _scores(record.evaluation) for record in outcome.datasets},
        reclusterings={
            record.dataset: {r.name: _scores(r.evaluation) for r in record.reclusterings}
            for record in outcome.datasets
        },
        clusters=trained.clusters,
        methods=trained.methods,
        steps=trained.steps,
        encodings=trained.encodings,
        history=records.values,
        phases=outcome.phases,
        warnings=(*warnings, *_warnings(outcome)),
        label_informed=outcome.label_informed,
        config=config,
        seed=number,
        folder=end.folder,
        seconds=outcome.seconds or 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Trained:
    """The trained method, its steps and encoding, and the clusters (n,) if there are any."""

    methods: dict[str, Method] = field(default_factory=dict)
    steps: dict[str, nn.Module | None] = field(default_factory=dict)
    encodings: dict[str, Encoding | None] = field(default_factory=dict)
    clusters: dict[str, np.ndarray] = field(default_factory=dict)

    def keep(
        self, dataset: str, method: Method, clusters: Labels | None, facts: SampleFacts
    ) -> None:
        self.methods[dataset] = method.eval()
        self.steps[dataset], self.encodings[dataset] = facts.steps, facts.encoding
        if clusters is not None:
            self.clusters[dataset] = clusters


def _seed_of(config: MethodConfig, seed: int | None) -> int:
    """Return the seed of the run, 0 if neither the caller nor the method has one."""
    if seed is None:
        return config.seed or 0
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        expected = f"expected an integer of at least 0, got {seed!r}"
        raise ConfigError(config.source, [Problem("seed", expected, "give for example 0")])
    return int(seed)


def _checked(
    config: MethodConfig,
    source: Path | Mapping[str, Any],
    arrays: Arrays,
    settings: Sequence[str],
) -> tuple[MethodConfig, list[str]]:
    """Return the configuration with the device of this machine, and warnings of the dry run.

    Raises:
        ConfigError: the method would not run with these arrays on this machine.
    """
    problems = [*_unused(config, arrays), *check_shared_files([(config, [None])])[0]]
    warnings: list[Problem] = []
    try:
        config = replace(config, device=resolve_device(config.device))
    except DcrfError as error:
        problems.append(Problem("$.device", str(error)))
    try:
        warnings = check(config, arrays)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(config.source, with_places(source, problems, settings))
    placed = with_places(source, warnings, settings)
    return config, [describe(config.source, problem) for problem in placed]


def _unused(config: MethodConfig, arrays: Arrays) -> Iterator[Problem]:
    """Yield a problem for all arrays that no data set of the method reads."""
    readers = [d.dataset for d in config.datasets if takes_arrays(d.source)]
    sources = " or ".join(name for name in SOURCES.stems if takes_arrays(name))
    for name in arrays.keys() - readers:
        guess = closest(name, readers)
        entry = f'write {{"source": "{sources}", "dataset": "{name}", ...}} in the method'
        remedy = f"did you mean {guess!r}?" if guess else entry
        yield Problem(f"data[{name!r}]", "no data set of the method reads these arrays", remedy)


def _scores(evaluation: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the scores of an evaluation, without those that labels are missing for."""
    scores = scores_of(evaluation or {})
    return {name: score for name, score in scores.items() if score is not None}


def _warnings(outcome: Outcome) -> Iterator[str]:
    """Yield the warnings of a run in the words of its log."""
    for warning in outcome.warnings:
        yield describe(outcome.source, warning)
    for record in outcome.datasets:
        if record.absent:
            yield f"{record.dataset} has no final evaluation: {record.absent}"
        yield from (f"{record.dataset}: {warning}" for warning in record.warnings)
