"""Method files and measurements for tests of the table of methods."""

import json

import dcrf
from benchmarks.methods.files import identity, method_files
from benchmarks.methods.records import Measurement
from dcrf.storage.digests import digest
from tests.cases.methods import method


def write_method(path, **changes):
    """Write a tiny method file; return it loaded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(method(name=path.stem, **changes)))
    (file,) = method_files([path])
    return file


def measurement(file, seed=0, acc=0.75, **changes):
    values = {
        "seed": seed,
        "digest": digest(identity(file.config)),
        "version": dcrf.__version__,
        "status": "ok",
        "scores": {"acc": acc, "nmi": acc - 0.1, "ari": acc - 0.2},
        "n_samples": 200,
        "iterations": {"pretraining": 4},
        "seconds": 90.0,
        "label_informed": False,
        "machine": "a machine",
        "date": "2026-11-29",
    }
    return Measurement(**{**values, **changes})
