"""Draw the contact sheets of the drawn data sets that docs/data.md shows.

    python benchmarks/contact_sheets.py

The first images of each training split, twelve a row: docs/images/data-NAME.png.
"""

import argparse
from pathlib import Path

from PIL import Image

from infoeval.data import load
from infoeval.files import atomic_path
from infoeval.traversals import tile

ROOT = Path(__file__).resolve().parent.parent
SETS = {"faces": 2, "chairs": 1, "street_numbers": 2}
"""Data sets, and how many times larger their pixels are shown."""
ROWS, COLUMNS = 4, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    out = parser.parse_args().out
    for name, scale in SETS.items():
        images = load(name).images[: ROWS * COLUMNS]
        sheet = tile(images.reshape(ROWS, COLUMNS, *images.shape[1:]), ground=255)
        picture = Image.fromarray(sheet if sheet.shape[2] == 3 else sheet[:, :, 0])
        large = picture.resize(
            (picture.width * scale, picture.height * scale), Image.Resampling.BOX
        )
        with atomic_path(out / f"data-{name}.png") as path:
            large.save(path)


if __name__ == "__main__":
    main()
