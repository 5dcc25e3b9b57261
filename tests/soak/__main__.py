"""Kill runs of every shipped configuration at random moments and resume them: `make soak`.

Each configuration runs once without a kill, on few samples. Then runs of it are killed and resumed,
some of them several times. The results of every resumed run must be byte-identical to the first.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from dcrf.config import load_checked
from dcrf.config.extends import is_abstract
from dcrf.dry_run.shapes import sample_shapes
from tests.soak.killing import KILLED, After, Case, results, run

CONFIGURATIONS = Path(__file__).parents[2] / "configurations"
FILES = [file for file in sorted(CONFIGURATIONS.glob("*/*")) if not is_abstract(file)]
SAMPLES = 512


def small(file: Path, iterations: int) -> Case:
    """Return a shipped file on its first samples, with short phases."""
    config = load_checked(file, shapes_of=sample_shapes)
    settings = [f"phases[{p.name}].exit_criteria.iterations={iterations}" for p in config.phases]
    settings += [
        f"datasets[{number}].index_of_last_sample_to_use={SAMPLES - 1}"
        for number in range(len(config.filled["datasets"]))
    ]
    return Case(file, tuple(settings), interval=max(1, iterations // 4))


def soak(case: Case, folder: Path, kills: int, seed: int) -> tuple[int, int, int]:
    """Return the numbers of kills, of resumed runs, and of identical ones among these."""
    moments, start = random.Random(seed), time.perf_counter()
    if run(case, folder / "whole") != 0:
        sys.exit(f"{case.file} fails: {(folder / 'whole/output.txt').read_text()}")
    length, expected = time.perf_counter() - start, results(folder / "whole")
    killed = resumed = identical = 0
    while killed < kills:
        cut = folder / f"cut-{resumed}"
        resumes, moment = cut.exists(), moments.uniform(0, length)
        code = run(case, cut, After(moment))
        if code == 0 and not resumes:  # not killed: it took less time than the first run
            length = moment
            shutil.rmtree(cut)
            continue
        killed += code == KILLED
        if code == KILLED and killed < kills and moments.random() < 0.5:
            continue  # kill the same run again
        if code != 0 and (code != KILLED or run(case, cut) != 0):
            sys.exit(f"{case.file} cannot be resumed: {(cut / 'output.txt').read_text()}")
        resumed += 1
        content = results(cut)
        identical += content == expected
        for name in expected.keys() | content.keys():
            if expected.get(name) != content.get(name):
                sys.stdout.write(f"{case.file.stem}, {cut.name}: {name} differs\n")
        shutil.rmtree(cut)
    return killed, resumed, identical


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--kills", type=int, default=20, help="of each configuration")
    parser.add_argument("--iterations", type=int, default=8, help="of each phase")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("files", nargs="*", type=Path, default=FILES)
    options = parser.parse_args()
    sums = [0, 0, 0]
    for file in options.files:
        with tempfile.TemporaryDirectory() as folder:
            case = small(file, options.iterations)
            counts = soak(case, Path(folder), options.kills, options.seed)
        sys.stdout.write("{}: {} kills, {} runs resumed, {} identical\n".format(file.stem, *counts))
        sys.stdout.flush()
        sums = [total + count for total, count in zip(sums, counts, strict=True)]
    sys.stdout.write("all: {} kills, {} runs resumed, {} identical\n".format(*sums))
    return 0 if sums[1] == sums[2] else 1


if __name__ == "__main__":
    sys.exit(main())
