"""Compare the verdict of validation with that of training."""

import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dcrf.builder import RunContext, build_plans
from dcrf.config import MethodConfig, load_checked
from dcrf.dry_run.check_method import check
from dcrf.dry_run.shapes import sample_shapes
from dcrf.errors import ConfigError, DcrfError
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writers
from dcrf.runs.run_files import RunFiles
from dcrf.training.trainer import Trainer
from tests.fuzz.methods import random_method, write

_COLLAPSED = "so it has no center"
"""The end of the error about a cluster whose samples all equal those of another one."""


def training_error(config: MethodConfig, folder: Path) -> str:
    """Train without the dry run; return the error, empty if there is none."""
    run = RunContext(config, RandomStreams(0), "cpu", Writers([]), RunFiles(folder, config.name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Trainer(build_plans(run), run.streams, run.writer).run()
    except DcrfError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def compare(seed: int, folder: Path) -> tuple[str, str]:
    """Return the verdict on a random method, and the errors.

    The verdict is `breaks a rule` if the method cannot be loaded, `collapses` if its features have
    become equal while it trained, which nobody can predict. Else it is `agree: runs`,
    `agree: fails`, `refused, but runs` or `accepted, but fails`.
    """
    file = write(folder, random_method(seed))
    try:
        config = load_checked(file, shapes_of=sample_shapes)
    except ConfigError as error:
        return "breaks a rule", str(error)
    try:
        check(config)
    except ConfigError as error:
        cause = training_error(config, folder)
        return "agree: fails" if cause else "refused, but runs", f"{error}\n-- {cause}"
    cause = training_error(config, folder)
    if cause.endswith(_COLLAPSED):
        return "collapses", cause
    return "accepted, but fails" if cause else "agree: runs", cause


def count_agreements(seeds: Iterable[int], folder: Path) -> tuple[Counter, list[str]]:
    """Return verdict -> number, and the errors of each disagreement."""
    counts: Counter = Counter()
    lines = []
    for seed in seeds:
        verdict, errors = compare(seed, folder)
        counts[verdict] += 1
        if "but" in verdict:
            lines.append(f"seed {seed}: {verdict}\n{errors}")
    return counts, lines
