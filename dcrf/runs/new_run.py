"""Create the folder of a new run."""

from pathlib import Path

from dcrf.config.file_names import clean_name
from dcrf.config.method_config import MethodConfig
from dcrf.runs.job import Output
from dcrf.runs.run_folder import RunStart, new_run_folder, next_run_number, run_configuration


def create_run_folder(config: MethodConfig, seed: int, output: Output, threads: int) -> Path:
    """Create the folder of a run that has not started; return its path.

    Args:
        config: of the method.
        seed: of the run.
        output: how and where results are written.
        threads: number of torch threads.

    Raises:
        OSError: the folder cannot be created.
    """
    parent = output.folder / clean_name(config.name)
    start = RunStart(
        output.seed_in_names,
        threads,
        next_run_number(parent),
        output.overrides,
        output.saves_features,
        output.moments_interval,
    )
    return new_run_folder(parent, seed, start, run_configuration(config, seed))
