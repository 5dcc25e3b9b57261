"""Files of rows in numpy's format, written part by part."""

from typing import BinaryIO

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

_DTYPE = np.dtype("<f4")


class NpyRows:
    """Writes a float32 array (n_rows, d) to a stream, whose parts come in order.

    Args:
        stream: of a new `.npy` file.
        n_rows: number of rows of all parts together.
    """

    def __init__(self, stream: BinaryIO, n_rows: int) -> None:
        self.stream, self.n_rows = stream, n_rows
        self._has_header = False

    def write(self, rows: NDArray[np.floating]) -> None:
        """Write the next rows, (m, d)."""
        if not self._has_header:
            shape = (self.n_rows, rows.shape[1])
            header = {"descr": _DTYPE.str, "fortran_order": False, "shape": shape}
            write_array_header_1_0(self.stream, header)
            self._has_header = True
        self.stream.write(np.ascontiguousarray(rows, _DTYPE).tobytes())
