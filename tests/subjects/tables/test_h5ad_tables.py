"""Cells: which array holds the codes, words as factors, and files that point elsewhere."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from infoeval.errors import UserError
from infoeval.subjects.table_subject import open_table
from infoeval.subjects.tables.column_choice import TableChoice
from tests.subjects.tables.same_table import CODES, same_table, write_cells

h5py = pytest.importorskip("h5py")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    table = same_table()
    factors = pd.DataFrame({"kind": np.where(table["kind"] > 0, "b", "a"), "x": table["pose_x"]})
    write_cells(tmp_path / "t.h5ad", table[CODES], factors)
    return tmp_path / "t.h5ad"


def test_words_and_numbers_are_factors(path: Path) -> None:
    factors = open_table(path).rows[0].factors
    assert factors is not None
    assert factors["kind"].tolist() == np.where(same_table()["kind"] > 0, "b", "a").tolist()
    assert factors["x"].tolist() == same_table()["pose_x"].tolist()


def test_an_array_by_its_key(path: Path) -> None:
    assert open_table(path, TableChoice(codes_key="X_pca")).rows[0].codes.shape == (120, 2)
    assert open_table(path, TableChoice(codes_key="X")).rows[0].codes.shape == (120, 4)
    with h5py.File(path, "a") as file:
        file["obsm"]["X_other"] = np.ones((120, 2))
    with pytest.raises(UserError, match="it holds X_other, X_pca, X_vae, X: name the arrays"):
        open_table(path)
    with pytest.raises(UserError, match="holds no array called 'X_no'; it holds X_other"):
        open_table(path, TableChoice(codes_key="X_no"))


@pytest.mark.parametrize("where", ["obsm/X_vae", "obs/x", "obs"])
def test_nothing_outside_the_file_is_read(path: Path, where: str) -> None:
    with h5py.File(path.parent / "secret.h5", "w") as file:
        file["secret"] = np.zeros((120, 2))
    with h5py.File(path, "a") as file:
        del file[where]
        file[where] = h5py.ExternalLink("secret.h5", "secret")
    with pytest.raises(UserError, match=r"t\.h5ad.*or a link to another place"):
        open_table(path)


def test_raw_bytes_of_another_file_are_not_read(path: Path) -> None:
    (path.parent / "secret").write_bytes(bytes(960))
    with h5py.File(path, "a") as file:
        del file["obsm/X_vae"]
        outside = [(str(path.parent / "secret"), 0, 960)]
        file["obsm"].create_dataset("X_vae", (120, 1), "f8", external=outside)
    with pytest.raises(UserError, match="lies in another file"):
        open_table(path)


def test_more_than_the_file_holds(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["obsm/X_vae"]
        file["obsm"].create_dataset("X_vae", (10**7, 3), "f8", chunks=(1000, 3))
    with pytest.raises(UserError, match="takes 240,000,000 bytes, stored in 0"):
        open_table(path)


def test_a_category_that_there_is_not(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["obs/kind/codes"][3] = 7
    with pytest.raises(UserError, match="kind has a category that there is not"):
        open_table(path)
    with h5py.File(path, "a") as file:
        file["obs/kind/codes"][3] = -1
    with pytest.raises(UserError, match="kind has no number or word in row 4"):
        open_table(path)
