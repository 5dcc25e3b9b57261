"""The files of a run folder from which a trained method can be opened again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from dcrf.batch import SampleFacts
from dcrf.config.file_names import saved_file
from dcrf.errors import DataError
from dcrf.storage.atomic_files import read_json, write_json
from dcrf.storage.parameter_files import load_part
from dcrf.storage.tensor_files import SAFETENSORS, read_tensors, save_tensors
from dcrf.training.method import Method

STEPS, STATE, ENCODING = "steps", "state", "encoding"
COLUMNS = "columns"  # in runs of older versions, in place of an encoding


class TrainedFiles:
    """The files of a method after its training on a data set, in `parameters/` of a run folder.

    Each part has a file of its own. Fitted steps of the data set have one, if there are any; so
    have the encoding of the data, and the state of modules that is no tensor.

    Args:
        folder: of the run.
        method: the name of the method.
        dataset: the name of the data set.
    """

    def __init__(self, folder: Path, method: str, dataset: str) -> None:
        self.folder, self.method, self.dataset = folder / "parameters", method, dataset

    def save(self, method: Method, facts: SampleFacts) -> None:
        """Save the method and what new samples need.

        Parts other than mappings that were never initialized have nothing to save.

        Raises:
            OSError: a file cannot be written.
        """
        for part in method.parts:
            tensors = method.tensors_of(part)
            if part in method.mappings or any(tensor.numel() for tensor in tensors.values()):
                save_tensors(tensors, self._file(part))
        if facts.steps is not None and (tensors := dict(facts.steps.state_dict())):
            save_tensors(tensors, self._file(STEPS))
        if state := method.other_state():
            save_tensors(state, self._file(STATE, ".pth"))
        if facts.encoding is not None:
            write_json(self._file(ENCODING, ".json"), facts.encoding)

    def load(self, method: Method, steps: nn.Module | None) -> None:
        """Restore the method and the fitted steps, which are both unfitted yet.

        Raises:
            DataError: a file is missing or damaged, or does not fit.
        """
        for part, module in method.parts.items():
            file = self._file(part)
            if part in method.mappings and not file.exists():
                raise DataError(
                    f"{file} is missing: the run has not finished with {self.dataset!r}; dcrf run "
                    f"{self.folder.parent} --resume continues it"
                )
            if file.exists():
                load_part(module, file)
        if steps is not None and steps.state_dict():
            load_part(steps, self._file(STEPS))
        if (file := self._file(STATE, ".pth")).exists():
            self._restore(method, read_tensors(file), file)

    def encoding(self) -> Mapping[str, Any] | None:
        """Return the encoding of the data; None if their source has fitted nothing to them.

        Raises:
            DataError: the file is damaged.
        """
        file, names = self._file(ENCODING, ".json"), self._file(COLUMNS, ".json")
        if not file.exists():
            return {COLUMNS: _json(names, list)} if names.exists() else None
        encoding: Mapping[str, Any] = _json(file, dict)
        return encoding

    def _restore(self, method: Method, state: Mapping[str, Any], file: Path) -> None:
        try:
            method.load_other_state(state)
        except (RuntimeError, LookupError, AttributeError, TypeError, ValueError) as error:
            raise DataError(f"{file} does not fit the method: {error}") from error

    def _file(self, part: str, suffix: str = SAFETENSORS) -> Path:
        return saved_file(self.folder, self.method, self.dataset, part, None, suffix)


def _json(file: Path, kind: type) -> Any:
    """Return the content of a JSON file, an object of one type.

    Raises:
        DataError: it cannot be read, or holds something else.
    """
    try:
        content = read_json(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, kind) or not content:
        raise DataError(f"{file} is damaged: expected JSON of type {kind.__name__}")
    return content
