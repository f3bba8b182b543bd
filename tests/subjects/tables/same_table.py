"""One table of codes and factors, written in each format."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

COUNT = 120
CODES = ["z_0", "z_1", "z_2"]
FACTORS = ["kind", "pose_x", "pose_y"]


def same_table() -> pd.DataFrame:
    """Three codes, the first two of which follow a factor, beside three factors of numbers."""
    random = np.random.default_rng(0)
    factors = {
        "kind": random.integers(0, 3, COUNT).astype(float),
        "pose_x": random.normal(size=COUNT),
        "pose_y": random.integers(0, 4, COUNT).astype(float),
    }
    codes = {
        "z_0": factors["pose_x"] + 0.1 * random.normal(size=COUNT),
        "z_1": factors["pose_y"] + 0.3 * random.normal(size=COUNT),
        "z_2": random.normal(size=COUNT) / 3,
    }
    return pd.DataFrame(codes | factors)


def write(path: Path, table: pd.DataFrame) -> Path:
    """Write a table in the format of the file's suffix, and return the file."""
    codes, factors = table[CODES], table[FACTORS]
    match path.suffix:
        case ".csv":
            table.to_csv(path, index=False)
        case ".tsv":
            table.to_csv(path, index=False, sep="\t")
        case ".parquet":
            table.to_parquet(path)
        case ".npz":
            np.savez(
                path,
                codes=codes.to_numpy(),
                factors=factors.to_numpy(),
                code_names=np.array(CODES),
                factor_names=np.array(FACTORS),
            )
        case ".h5ad":
            write_cells(path, codes, factors)
        case _:
            np.save(path, codes.to_numpy())
    return path


def write_cells(path: Path, codes: pd.DataFrame, factors: pd.DataFrame) -> None:
    """Write codes and factors as anndata does."""
    import h5py

    with h5py.File(path, "w") as file:
        obs = file.create_group("obs")
        obs.attrs["_index"], obs.attrs["column-order"] = "_index", list(factors.columns)
        obs["_index"] = [f"cell {number}" for number in range(len(factors))]
        for name, column in factors.items():
            if column.dtype.kind in "biuf":
                obs[str(name)] = column.to_numpy()
            else:
                words, codes_of = np.unique(column.astype(str), return_inverse=True)
                group = obs.create_group(str(name))
                group["codes"] = codes_of.astype(np.int8)
                group["categories"] = words.tolist()
        file.create_group("obsm")["X_vae"] = codes.to_numpy()
        file["obsm"]["X_pca"] = codes.to_numpy()[:, :2]
        file["X"] = np.zeros((len(codes), 4), np.float32)


def readable(suffix: str) -> bool:
    """Whether what reads files of this suffix is installed."""
    library = {".parquet": "pyarrow", ".h5ad": "h5py"}.get(suffix)
    return library is None or importlib.util.find_spec(library) is not None
