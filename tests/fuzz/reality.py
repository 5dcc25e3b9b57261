"""Hold validation against what happens."""

import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dcrf.builder import RunContext, build_plans
from dcrf.config import MethodConfig, load_checked
from dcrf.dry_run.check_method import check
from dcrf.errors import ConfigError, DcrfError
from dcrf.randomness import RandomStreams
from dcrf.reporting.writers import Writers
from dcrf.runs.run_files import RunFiles
from dcrf.training.trainer import Trainer
from tests.fuzz.methods import random_method, write


def trained(config: MethodConfig, folder: Path) -> str:
    """Train without any check before; return why that fails, or nothing."""
    run = RunContext(config, RandomStreams(0), "cpu", Writers([]), RunFiles(folder, config.name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Trainer(build_plans(run), run.streams, run.writer).run()
    except DcrfError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def compared(seed: int, folder: Path) -> tuple[str, str]:
    """Return what validation and training say of a random method, and both in words.

    `breaks a rule`: the language forbids it, so nobody can try. Else `agree: runs`,
    `agree: fails`, `refused, but runs`, or `accepted, but fails`.
    """
    file = write(folder, random_method(seed))
    try:
        config = load_checked(file)
    except ConfigError as error:
        return "breaks a rule", str(error)
    try:
        check(config)
    except ConfigError as error:
        cause = trained(config, folder)
        return "agree: fails" if cause else "refused, but runs", f"{error}\n-- {cause}"
    cause = trained(config, folder)
    return "accepted, but fails" if cause else "agree: runs", cause


def tally(seeds: Iterable[int], folder: Path) -> tuple[Counter, list[str]]:
    """Return verdict -> number, and what to know of each disagreement."""
    counts: Counter = Counter()
    lines = []
    for seed in seeds:
        verdict, words = compared(seed, folder)
        counts[verdict] += 1
        if "but" in verdict:
            lines.append(f"seed {seed}: {verdict}\n{words}")
    return counts, lines
