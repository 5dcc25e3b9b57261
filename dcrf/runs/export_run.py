"""Write the method of a finished run for other programs: safetensors, and ONNX."""

import hashlib
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import dcrf
from dcrf.assignment.base import Assignment
from dcrf.assignment.set_assignment import SetAssignment
from dcrf.builder import RunContext
from dcrf.builder.open_dataset import open_dataset
from dcrf.config.file_names import clean_name
from dcrf.errors import DataError, causes, first_line
from dcrf.extras import optional_package
from dcrf.mappings.features import Features
from dcrf.reporting.writers import NO_WRITER
from dcrf.runs.run_files import RunFiles
from dcrf.runs.run_folder import CONFIGURATION
from dcrf.runs.trained_files import STEPS
from dcrf.runs.trained_run import TrainedRun
from dcrf.storage.atomic_files import json_bytes, write_atomically
from dcrf.storage.tensor_files import save_with_metadata

_EXTRA = "onnx"
_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_OUTPUTS = ("features", "probabilities")
_RANDOM_SAMPLES = 64
_OWN_SAMPLES = 1000
"""Samples of the run's data that the deviation is measured on."""


def export_safetensors(run: TrainedRun, folder: Path) -> Path:
    """Write the tensors of all parts to one file, named `<part>.<tensor>`; return the file.

    Those of fitted steps of the data set are named `steps.<tensor>`.

    Its metadata are `method`, `dataset`, `dcrf` (the version) and `config_sha256`, the digest of
    `config.json`, which is written beside it.

    Raises:
        OSError: a file cannot be written.
    """
    config = json_bytes(dict(run.config.filled))
    tensors = {
        f"{part}.{name}": tensor
        for part in run.method.parts
        for name, tensor in run.method.tensors_of(part).items()
        if tensor.numel()
    }
    if run.steps is not None:
        tensors |= {f"{STEPS}.{name}": tensor for name, tensor in run.steps.state_dict().items()}
    metadata = {
        "method": run.config.name,
        "dataset": run.dataset.name,
        "dcrf": dcrf.__version__,
        "config_sha256": hashlib.sha256(config).hexdigest(),
    }
    file = folder / f"{clean_name(run.config.name)}.safetensors"
    save_with_metadata(tensors, file, metadata)
    write_atomically(folder / CONFIGURATION, config)
    return file


@dataclass(frozen=True, slots=True)
class Deviation:
    """The largest absolute difference between onnxruntime and torch.

    samples: on which it was measured, in words.
    outputs: name of an output -> difference.
    """

    samples: str
    outputs: dict[str, float]


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A written model.

    shapes: name of an input or output -> shape of one sample in it.
    deviations: on random samples, and on those of the run if they can be read.
    unread: why they cannot; empty if they can.
    """

    file: Path
    shapes: dict[str, tuple[int, ...]]
    deviations: Sequence[Deviation]
    unread: str


def export_onnx(run: TrainedRun, folder: Path, sample_shape: Sequence[int]) -> OnnxFile:
    """Write the mapping from samples (n, *sample_shape) to features (n, d), probabilities (n, k).

    The number of samples n is free. Rows of zero probabilities are noise.

    Args:
        run: of a method that assigns samples, on the CPU.
        folder: for the file.
        sample_shape: as the mappings get a sample.

    Raises:
        DataError: the extra is not installed, or the method cannot be exported.
        TrainingError: the method cannot assign samples.
        OSError: the file cannot be written.
    """
    for package in _PACKAGES:
        optional_package(package, _EXTRA)
    assignment = run.method.assignment
    if run.dataset.has_problems or isinstance(assignment, SetAssignment):
        raise _not_exported(run, "it clusters sets of objects, not single samples")
    assignment.check_ready()
    model = FeaturesAndProbabilities(assignment, run.method.features).eval()
    content = _converted(run, model, sample_shape)
    file = folder / f"{clean_name(run.config.name)}.onnx"
    write_atomically(file, content)
    session = optional_package("onnxruntime", _EXTRA).InferenceSession(
        content, providers=["CPUExecutionProvider"]
    )

    def runtime(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return session.run([*_OUTPUTS], {"samples": samples})

    random = torch.randn(_RANDOM_SAMPLES, *sample_shape, generator=torch.Generator().manual_seed(0))
    deviations = [
        _deviation("1 random sample", model, runtime, random[:1]),
        _deviation(f"{_RANDOM_SAMPLES} random samples", model, runtime, random),
    ]
    unread = ""
    try:
        own = _own_samples(run)
        name = f"{len(own):,} samples of {run.dataset.name}"
        deviations.append(_deviation(name, model, runtime, own))
    except DataError as error:
        unread = str(error)
    with torch.no_grad():
        outputs = dict(zip(_OUTPUTS, model(random[:1]), strict=True))
    shapes = {name: tuple(values.shape[1:]) for name, values in outputs.items()}
    return OnnxFile(file, {"samples": tuple(sample_shape), **shapes}, deviations, unread)


class FeaturesAndProbabilities(nn.Module):
    """Maps samples to features (n, d) and probabilities of clusters (n, k).

    Args:
        assignment: of a trained method.
        features: of the method; without any, those of the assignment.
    """

    def __init__(self, assignment: Assignment, features: Features | None) -> None:
        super().__init__()
        self.assignment, self.features = assignment, features

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and probabilities of samples (n, *sample_shape)."""
        features = self.assignment.features if self.features is None else self.features
        return features(samples), self.assignment(samples).exp()


def _converted(run: TrainedRun, model: nn.Module, sample_shape: Sequence[int]) -> bytes:
    """Return the content of an ONNX file."""
    example = (torch.zeros(3, *sample_shape),)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        file = Path(folder) / "model.onnx"
        try:
            n = {0: torch.export.Dim("n")}
            program = torch.export.export(model, example, dynamic_shapes=(n,))
            decompositions = torch.export.default_decompositions()
            decompositions[torch.ops.aten._cdist_forward.default] = _distances
            torch.onnx.export(
                program.run_decompositions(decompositions),
                f=file,
                input_names=["samples"],
                output_names=[*_OUTPUTS],
                external_data=False,
                verbose=False,
            )
        except Exception as error:  # torch raises errors of many kinds here
            first = list(causes(error))[-1]
            raise _not_exported(run, first_line(first)) from error
        return file.read_bytes()


def _distances(first: Tensor, second: Tensor, p: float, mode: int | None) -> Tensor:
    """Return the distances (n, m) of rows (n, d) from rows (m, d), in operations that ONNX has."""
    differences = first.unsqueeze(-2) - second.unsqueeze(-3)
    return torch.linalg.vector_norm(differences, p, dim=-1)


def _not_exported(run: TrainedRun, cause: str) -> DataError:
    strategy = run.config.strategy.stem
    return DataError(
        f"{run.config.name} with the strategy {strategy} cannot be exported to ONNX: {cause}; "
        "--format safetensors works for every method"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, which prints whole graphs; its errors are raised all the same."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _deviation(
    name: str,
    model: nn.Module,
    runtime: Callable[[NDArray[np.float32]], list[NDArray[np.float32]]],
    samples: Tensor,
) -> Deviation:
    """Return the largest difference of outputs on samples (n, *sample_shape)."""
    with torch.no_grad():
        expected = model(samples)
    actual = runtime(samples.numpy())
    differences = [
        float(np.abs(values - other.numpy()).max())
        for values, other in zip(actual, expected, strict=True)
    ]
    return Deviation(name, dict(zip(_OUTPUTS, differences, strict=True)))


def _own_samples(run: TrainedRun) -> Tensor:
    """Return the first samples of the run's data set, as the mappings get them."""
    context = RunContext(
        run.config, run.streams, run.config.device, NO_WRITER, RunFiles(None, run.config.name)
    )
    source = open_dataset(context, run.dataset)
    first = torch.arange(min(_OWN_SAMPLES, source.n_samples))
    return run.method.pass_over(source)(lambda batch: batch.samples, first).cpu()
