"""Print how many expectations at cursor positions an editor fulfils: `make editors`."""

import sys
import tempfile
from pathlib import Path

from tests.editor.positions import POSITIONS, ask, number_expected, question, wrong


def main() -> int:
    """Print the figures and everything that is wrong; return 1 if anything is."""
    with tempfile.TemporaryDirectory() as folder:
        answers = ask([question(position, Path(folder)) for position in POSITIONS])
    missed = {
        position["subject"]: [*wrong(position, answer)]
        for position, answer in zip(POSITIONS, answers, strict=True)
    }
    for subject, expectations in missed.items():
        sys.stdout.writelines(f"{subject}: {expectation}\n" for expectation in expectations)
    expected = sum(map(number_expected, POSITIONS))
    right = expected - sum(map(len, missed.values()))
    sys.stdout.write(f"{len(POSITIONS)} positions, {expected} expected, {right} right\n")
    return int(right < expected)


if __name__ == "__main__":
    raise SystemExit(main())
