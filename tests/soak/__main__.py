"""Kill every shipped configuration at random moments, and let it go on: `make soak`.

Each is run once on few samples without a kill. Then it is killed and gone on with again and
again, each time at a random moment of what is left, until there have been enough kills; every run
that comes to its end must have come to the bytes of the first one.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from dcrf.config import load_checked
from tests.soak.killing import KILLED, After, Case, results, run

CONFIGURATIONS = Path(__file__).parents[2] / "configurations"
SAMPLES = 512


def small(file: Path, iterations: int) -> Case:
    """A case of a shipped file on its first samples, with phases of few iterations."""
    config = load_checked(file)
    settings = [f"phases[{p.name}].exit_criteria.iterations={iterations}" for p in config.phases]
    settings += [
        f"datasets[{number}].index_of_last_sample_to_use={SAMPLES - 1}"
        for number in range(len(config.filled["datasets"]))
    ]
    return Case(file, tuple(settings), interval=max(1, iterations // 4))


def soak(case: Case, folder: Path, kills: int, seed: int) -> tuple[int, int, int]:
    """Return how many kills there were, how many runs came to an end, how many were identical."""
    moments, start = random.Random(seed), time.perf_counter()
    if run(case, folder / "whole") != 0:
        sys.exit(f"{case.file} fails: {(folder / 'whole/output.txt').read_text()}")
    length, expected = time.perf_counter() - start, results(folder / "whole")
    killed = ended = identical = 0
    while killed < kills:
        cut = folder / f"cut-{ended}"
        goes_on, moment = cut.exists(), moments.uniform(0, length)
        code = run(case, cut, After(moment))
        if code == 0 and not goes_on:  # a whole run, which takes less than the first one took
            length = moment
            shutil.rmtree(cut)
            continue
        killed += code == KILLED
        if code == KILLED and killed < kills and moments.random() < 0.5:
            continue  # another death of the same run
        if code != 0 and (code != KILLED or run(case, cut) != 0):
            sys.exit(f"{case.file} does not go on: {(cut / 'output.txt').read_text()}")
        ended += 1
        found = results(cut)
        identical += found == expected
        for name in expected.keys() | found.keys() if found != expected else ():
            if expected.get(name) != found.get(name):
                sys.stdout.write(f"{case.file.stem}, {cut.name}: {name} differs\n")
        shutil.rmtree(cut)
    return killed, ended, identical


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--kills", type=int, default=20, help="of each configuration")
    parser.add_argument("--iterations", type=int, default=8, help="of each phase")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("files", nargs="*", type=Path, default=sorted(CONFIGURATIONS.glob("*/*")))
    options = parser.parse_args()
    sums = [0, 0, 0]
    for file in options.files:
        with tempfile.TemporaryDirectory() as folder:
            case = small(file, options.iterations)
            found = soak(case, Path(folder), options.kills, options.seed)
        sys.stdout.write("{}: {} kills, {} runs resumed, {} identical\n".format(file.stem, *found))
        sys.stdout.flush()
        sums = [one + more for one, more in zip(sums, found, strict=True)]
    sys.stdout.write("all: {} kills, {} runs resumed, {} identical\n".format(*sums))
    return 0 if sums[1] == sums[2] else 1


if __name__ == "__main__":
    sys.exit(main())
