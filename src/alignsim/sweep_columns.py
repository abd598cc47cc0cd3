"""Columns of a sweep's files, read one file at a time, and the values that factors take there."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alignsim.documents import DocumentError

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Axis(NamedTuple):
    """The values of a factor that a summary shows, and the bins they stand for."""

    name: str
    values: list[Any]
    edges: Floats | None = None

    def codes(self, column: pa.ChunkedArray) -> Whole:
        """Index into ``values`` of each row."""
        if self.edges is None:
            return np.asarray(pd.Index(self.values).get_indexer(plain(column)), np.int64)
        found = np.searchsorted(self.edges, column.to_numpy(), side="right") - 1
        return np.asarray(found.clip(0, len(self.values) - 1), np.int64)

    def shown(self, codes: Any) -> Any:
        """A column of a summary: numbers, or options in their order."""
        if self.values and isinstance(self.values[0], str):
            return pd.Categorical(np.array(self.values)[codes], self.values, ordered=True)
        return np.array(self.values, np.float64)[codes]


def plain(column: pa.ChunkedArray) -> Any:
    """Values as numpy, options by name."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.to_numpy(zero_copy_only=False)


def opened(file: Path) -> Any:
    """A file of a sweep, open. Raises DocumentError where it is damaged."""
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError):
        raise DocumentError(str(file), None, "", "is damaged; run the sweep again") from None


def read(file: Path, columns: list[str]) -> pa.Table:
    """Columns of a file, each once. Raises DocumentError where it is damaged."""
    with opened(file) as source:
        try:
            return source.read(columns=list(dict.fromkeys(columns)))
        except (pa.ArrowException, OSError):
            raise DocumentError(str(file), None, "", "is damaged; run the sweep again") from None
