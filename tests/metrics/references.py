"""Reference values of the clustering metrics, by code and factor."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def reference_cases(
    folder: Path, metric: str
) -> Iterator[tuple[NDArray[Any], NDArray[np.int64], float]]:
    """Yield code column, factor column and expected value of the ``categorical`` arrays."""
    tables = json.loads((folder / "clustering.json").read_text())
    for n in (2000, 10000):
        arrays = np.load(folder / f"categorical_{n}.npz")
        expected = np.array(tables[f"categorical|{n}"][metric])
        assert expected.shape == (arrays["codes"].shape[1], arrays["factors"].shape[1])
        for (code, factor), value in np.ndenumerate(expected):
            yield arrays["codes"][:, code], arrays["factors"][:, factor], float(value)
