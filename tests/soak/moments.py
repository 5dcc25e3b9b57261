"""Kill a run inside each of its steps: `python -m tests.soak.moments FILE FOLDER`.

Prints a line per kill: the step, the exit code, and whether the resumed run has identical results.
"""

import sys
from pathlib import Path

from tests.soak.killing import At, Case, results, run

MOMENTS = {
    "making the folder": At("dcrf.runs.run_folder:write_json", 2),
    "training": At("dcrf.training.optimizers:OptimizerGroups.step", 7),
    "evaluation": At("dcrf.evaluation.evaluator:measured", 2),
    "k-means": At("dcrf.clusterings.k_means:KMeans.fit_rows", 1),
    "a checkpoint half written": At("dcrf.storage.checkpoint_files:_flush", 4),
    "a checkpoint without its name": At("dcrf.storage.checkpoint_files:_fill", 3, after=True),
    "saving results": At("dcrf.runs.trained_files:save_tensors", 2),
    "a result without its name": At("dcrf.storage.atomic_files:Path.replace", 5),
}


def main(file: Path, folder: Path) -> None:
    case = Case(file, interval=3)
    assert run(case, folder / "whole") == 0
    expected = results(folder / "whole")
    for number, (name, moment) in enumerate(MOMENTS.items()):
        cut = folder / str(number)
        code = run(case, cut, moment)
        identical = run(case, cut) == 0 and results(cut) == expected
        sys.stdout.write(f"{name}: {code}, {'identical' if identical else 'different'}\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
