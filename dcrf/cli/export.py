"""The command `dcrf export`: write the method of a finished run for other programs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dcrf.cli.arguments import Parser
from dcrf.cli.named_run import named_run
from dcrf.cli.output import announce
from dcrf.cli.text import columns
from dcrf.errors import DataError
from dcrf.reporting.writers import say

OK, FAILED = 0, 1
DESCRIPTION = """\
Write the method of a finished run for other programs: its parameters as one safetensors file with
the configuration beside it, or the mapping from samples to features and probabilities of clusters
as an ONNX model, which is compared with the method. Its samples have gone through the steps and
transforms of the data set.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    announce("loading", [options.run])
    options.run = named_run(options.run)
    folder: Path = options.output or options.run / "export"
    lines = _safetensors if options.format == "safetensors" else _onnx
    try:
        for line in lines(options.run, options.dataset, folder):
            say(line)
    except OSError as error:
        say(f"the export cannot be written: {error}", is_error=True)
        return FAILED
    return OK


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf export",
        description=DESCRIPTION,
    )
    add = flags.add_argument
    add(
        "run",
        type=Path,
        metavar="RUN",
        help="a run folder, or a folder of runs: its newest finished one",
    )
    add("--format", choices=["safetensors", "onnx"], required=True, help="the format of the file")
    add(
        "--dataset",
        metavar="NAME",
        help="the data set of the run after whose training to export, default: the last one with "
        "trained mappings",
    )
    add("--output", type=Path, metavar="FOLDER", help="default: RUN/export")
    return flags


def _safetensors(folder: Path, dataset: str | None, output: Path) -> Iterator[str]:
    """Write the parameters; yield lines for the user."""
    from dcrf.runs.export_run import export_safetensors  # noqa: PLC0415 - it imports torch
    from dcrf.runs.trained_run import open_run  # noqa: PLC0415 - it imports torch

    run = open_run(folder, dataset, "cpu")
    file = export_safetensors(run, output)
    for part in run.method.parts:
        numbers = sum(tensor.numel() for tensor in run.method.tensors_of(part).values())
        yield f"{part}: {numbers:,} numbers"
    yield f"written to {file}"


def _onnx(folder: Path, dataset: str | None, output: Path) -> Iterator[str]:
    """Write the ONNX model; yield lines for the user."""
    from dcrf.dry_run.shapes import sample_shape  # noqa: PLC0415 - it imports torch
    from dcrf.runs.export_run import export_onnx  # noqa: PLC0415 - it imports torch
    from dcrf.runs.trained_run import open_run  # noqa: PLC0415 - it imports torch

    run = open_run(folder, dataset, "cpu")
    shape = sample_shape(run.dataset)
    if shape is None:
        name = run.dataset.name
        raise DataError(f"the data set {name} cannot be read, so the shape of samples is unknown")
    model = export_onnx(run, output, shape)
    names = [f"{name} (n, {', '.join(map(str, shape))})" for name, shape in model.shapes.items()]
    yield f"{names[0]} -> {', '.join(names[1:])}"
    yield "largest deviation of onnxruntime from torch:"
    rows = [
        [f"on {d.samples}", *(f"{name} {value:.1e}" for name, value in d.outputs.items())]
        for d in model.deviations
    ]
    yield from columns(rows, 2)
    if model.unread:
        yield f"  not measured on data of the run: {model.unread}"
    yield f"written to {model.file}"
