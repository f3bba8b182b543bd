"""Which category tells an attribute of faces, and which follows the pose.

    python benchmarks/attributes.py celeba runs/six/celeba/seed-*

The values of a category have no order, so they are put in order of the share of the training images
of each that have the attribute: the score of an image is the sum of these shares times Q's
posterior q(c_k = v | x). The area under the ROC curve of this score says how well the category
tells those who have the attribute. The best category is chosen on training images too; areas are
of test images, with the interval that `code-factors` gives, and *second* is that of the best of the
other categories. `tad` (without an interval) is of the columns q(c_k = v | x) of all categories.

Pose is no attribute of CelebA. A regressor of azimuth learns on grey renders of the data set
`faces`. Two errors of it are stated: on renders that it has not seen, and on the photographs, whose
azimuth nobody knows, how far the azimuth of an image is from minus that of its mirror image. Those
in the left third by azimuth against those in the right third are then one more attribute.

docs/results/attributes-NAME.csv has a row for each run and attribute.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from infoeval.data import load
from infoeval.data.image_set import ImageSet
from infoeval.evaluation.factor_regressor import FactorRegressor, train
from infoeval.files import atomic_path
from infoeval.metrics import code_factors, tad
from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.subjects.checkpoint_model import CheckpointModel

ROOT = Path(__file__).resolve().parent.parent
AZIMUTH = "azimuth"
LEAST_ROWS = 20
"""An attribute that fewer test images have, or lack, is left out."""

NO_INTERVAL: Any = {"replicates": 0, "null": 0}

Images = NDArray[np.uint8]


def azimuth_regressor() -> tuple[FactorRegressor, float]:
    """A network that reads azimuth from grey 32×32 faces; its median error on renders, degrees."""
    rendered = {split: load("faces", split) for split in ("train", "test")}
    angles = {split: factors(images)[AZIMUTH].to_numpy() for split, images in rendered.items()}
    column = as_table(angles["train"], angles["train"], factor_types=["continuous"]).factors[0]
    regressor = train(
        rendered["train"].images,
        [replace(column, name=AZIMUTH)],
        seed=0,
        device=torch.device("cpu"),
        progress=lambda text, share: None,
    )
    error = np.abs(regressor.predict(rendered["test"].images)[:, 0] - angles["test"])
    return regressor, float(np.median(error))


def azimuth(regressor: FactorRegressor, images: Images) -> NDArray[np.float64]:
    """Azimuth of photographs, and of their mirror images, degrees; (n, 2)."""
    weights = np.array([0.299, 0.587, 0.114])[:, None, None]
    grey = np.rint((images * weights).sum(axis=1, keepdims=True)).astype(np.uint8)
    return np.column_stack(
        [regressor.predict(part)[:, 0] for part in (grey, np.ascontiguousarray(grey[..., ::-1]))]
    )


def posteriors(folder: Path, images: Images, calibration: Images) -> pd.DataFrame:
    """q(c_k = v | x), a column for each pair of a category and a value."""
    model = CheckpointModel.open(folder / "ckpt.pt").calibrated(calibration)
    found = model.encode(torch.from_numpy(np.ascontiguousarray(images)))
    categories = [name for name, code in model.codes.items() if code.is_categorical]
    return pd.concat({name: pd.DataFrame(found[name].numpy()) for name in categories}, axis=1)


def category_scores(
    columns: dict[str, pd.DataFrame], attributes: dict[str, pd.Series]
) -> dict[str, pd.DataFrame]:
    """A score of each category for one attribute, of the images of both splits.

    It is the mean of the attribute's share in each value, of training images, weighted by the
    posterior.
    """
    has = attributes["train"]
    known = columns["train"][has.notna()]
    shares = known.mul(has.dropna(), axis=0).sum() / known.sum()
    return {split: part.mul(shares).T.groupby(level=0).sum().T for split, part in columns.items()}


def factors(images: ImageSet) -> pd.DataFrame:
    """The known factors of the images, a column each."""
    return pd.DataFrame(np.asarray(images.factors), columns=list(images.factor_names))


def attributes_of(images: ImageSet, angles: NDArray[np.float64]) -> pd.DataFrame:
    """The attributes, and azimuth: 1 in the right third, 0 in the left one, NaN between."""
    table = factors(images)
    low, high = np.quantile(angles, [1 / 3, 2 / 3])
    table[AZIMUTH] = np.where(angles > high, 1.0, np.where(angles < low, 0.0, np.nan))
    return table


def area(column: pd.Series, attribute: pd.Series) -> dict[str, float]:
    """The area of a column for one attribute, with its interval."""
    known = attribute.notna()
    score = code_factors(
        column[known].to_frame(), attribute[known].to_frame(), factor_types=["discrete"]
    )
    (pair,) = score.details["associations"]
    value, low, high = (pair[name] for name in ("value", "low", "high"))
    value, low, high = (0.5 + number / 2 for number in (value, low, high))
    # The association is of either direction; the order of the values was learned elsewhere.
    if areas(column.to_frame(), attribute).iloc[0] < 0.5:
        value, low, high = 1 - value, 1 - high, 1 - low
    return {"value": value, "low": low, "high": high}


def rows_of(
    folder: Path, splits: dict[str, ImageSet], attributes: dict[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """A row for each attribute: the category chosen on training images, its area on test images."""
    calibration = splits["train"].images
    columns = {name: posteriors(folder, part.images, calibration) for name, part in splits.items()}
    rows = []
    for name in attributes["test"]:
        has = {split: part[name] for split, part in attributes.items()}
        counts = has["test"].value_counts()
        if len(counts) < 2 or counts.min() < LEAST_ROWS:
            continue
        scores = category_scores(columns, has)
        best = str(areas(scores["train"], has["train"]).idxmax())
        second = areas(scores["test"].drop(columns=best), has["test"]).max()
        found = area(scores["test"][best], has["test"])
        share = float(has["test"].mean())
        rows.append(
            {"attribute": name, "share": share, "category": best, **found, "second": second}
        )
    score = tad(columns["test"].to_numpy(), attributes["test"].drop(columns=AZIMUTH), **NO_INTERVAL)
    kept = score.details["parts"]["kept"]["value"]
    rows.append({"attribute": "TAD", "category": f"{kept:.0f} kept", "value": score.value})
    return [{"run": folder.name, **row} for row in rows]


def areas(columns: pd.DataFrame, attribute: pd.Series) -> pd.Series:
    """The area of each column for one attribute, from ranks; of those that have it."""
    known = attribute.notna()
    ranks, has = columns[known].rank(), attribute[known] == 1
    ones, zeros = int(has.sum()), int((~has).sum())
    return (ranks[has].sum() - ones * (ones + 1) / 2) / (ones * zeros)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="of the table that is written")
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs on CelebA")
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results")
    arguments = parser.parse_args()
    regressor, error = azimuth_regressor()
    splits = {split: load("celeba", split) for split in ("train", "test")}
    angles = {split: azimuth(regressor, part.images) for split, part in splits.items()}
    mirrored = np.abs(angles["test"].sum(axis=1)) / 2
    spread = angles["test"].std(axis=0).mean()
    print(
        f"azimuth: median error {error:.1f} degrees on renders; on photographs half of the sum of "
        f"both sides has a median of {np.median(mirrored):.1f}, the angles deviate by {spread:.1f}"
    )
    tables = {
        # The mean of both sides, which the regressor's bias on photographs does not shift.
        split: attributes_of(part, (angles[split][:, 0] - angles[split][:, 1]) / 2)
        for split, part in splits.items()
    }
    rows = [row for folder in arguments.runs for row in rows_of(folder, splits, tables)]
    table = pd.DataFrame(rows)
    with atomic_path(arguments.results / f"attributes-{arguments.name}.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f")
    best = table.sort_values("value", ascending=False).groupby("attribute", sort=False).head(1)
    print(best.to_string(index=False))


if __name__ == "__main__":
    main()
