"""The command `dcrf embed`: features of images by a pretrained network."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from dcrf.cli.arguments import Parser, positive
from dcrf.cli.output import announce, command
from dcrf.errors import CommandLineError
from dcrf.reporting.writers import say

OK, FAILED = 0, 1
DESCRIPTION = """\
Compute features of images by a pretrained network, to cluster them as rows of numbers.
"""
EPILOG = """\
models: torchvision/NAME (resnet18, resnet34, resnet50, resnet101, resnet152, resnext50_32x4d,
wide_resnet50_2); timm/NAME (pip install 'dcrf[timm]'); open_clip/NAME/PRETRAINED (pip install
'dcrf[open_clip]').

Beside features.npy, (N, d) float32: features.json, which says how they were computed,
features_labels.npy if the images have classes, and features_ids.npy with the names of files.
A second call with the same images, model and parameters computes nothing.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the exit code. Raises DcrfError for a user's mistake."""
    options = parser().parse_args(arguments)
    file: Path = options.out
    if file.suffix != ".npy":
        raise CommandLineError(f"--out {file}: expected a file that ends in .npy")
    if options.seed is not None and not options.random:
        raise CommandLineError("--seed is for --random, which draws the parameters")
    announce("loading", [options.data])
    try:
        for line in _embedded(options):
            say(line)
    except OSError as error:
        say(f"the features cannot be written: {error}", is_error=True)
        return FAILED
    return OK


def _embedded(options: argparse.Namespace) -> Iterator[str]:
    """Compute and write the features; yield lines about them."""
    # imports torch, which the help does not need
    from tqdm import tqdm  # noqa: PLC0415

    from dcrf.embedding.features import embed  # noqa: PLC0415
    from dcrf.embedding.networks import open_network  # noqa: PLC0415
    from dcrf.embedding.open_images import open_images  # noqa: PLC0415
    from dcrf.runs.device import resolve_device  # noqa: PLC0415

    device = resolve_device(options.device)
    images, origin = open_images(options.data, options.dataset)
    for note in images.notes:
        yield f"note: {note}"
    seed = (options.seed or 0) if options.random else None
    network = open_network(options.model, options.weights, seed)
    with tqdm(total=len(images.samples), unit=" images", disable=None) as bar:
        provenance, was_there = embed(
            images,
            origin,
            network,
            options.out,
            batch_size=options.batch_size,
            device=device,
            progress=bar.update,
        )
    size = f"{provenance.n_samples:,} x {provenance.n_features}"
    yield f"{options.out} ({size}) {'is already there' if was_there else 'is written'}"
    yield provenance.sentence()
    yield f"cluster them by: {command()} run {options.out} --clusters K"


def parser() -> Parser:
    """Return the parser of the command's flags."""
    flags = Parser(
        prog="dcrf embed",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add = flags.add_argument
    add(
        "data",
        type=Path,
        metavar="DATA",
        help="a folder of images, a file of images (npz, npy), or a method file",
    )
    add("--model", required=True, metavar="NAME", help="the network, such as torchvision/resnet50")
    add("--out", required=True, type=Path, metavar="FILE", help="the .npy file of the features")
    add("--dataset", metavar="NAME", help="a data set of the method file, default: the last one")
    parameters = flags.add_mutually_exclusive_group()
    parameters.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="parameters in a safetensors or torch file, default: the published ones",
    )
    parameters.add_argument(
        "--random", action="store_true", help="random parameters, as a baseline"
    )
    add("--seed", type=_seed, metavar="N", help="seed of --random, default: 0")
    add("--batch_size", type=positive, default=64, metavar="N", help="images a pass, default: 64")
    add(
        "--device",
        default="cuda_if_available",
        help="torch device: cpu, cuda, cuda:1, ..., default: cuda if there is one",
    )
    return flags


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected an integer of at least 0, got {text!r}")
    return int(text)
