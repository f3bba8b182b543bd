"""The command that reads codes from images: encode."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infoeval.cli.common import (
    as_text,
    data_dir_option,
    json_option,
    option_of,
    skip_broken_option,
)
from infoeval.cli.output import note, print_json, say
from infoeval.cli.parameter_types import CompletedText, PathType

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("model", metavar="MODEL", type=CompletedText())
@click.argument("images", metavar="IMAGES", type=CompletedText())
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=PathType(),
    help="Write the table there: .csv, .tsv, .parquet or .npz; by default it is printed as CSV.",
)
@data_dir_option
@skip_broken_option
@option_of("seed", "Seed of an encoder's random draws.")
@option_of("batch_norm")
@option_of("prior", "Codes of an ONNX encoder, as in 10,u,n, which name the columns.")
@option_of("image_range")
@option_of("device")
@json_option
def encode(model: str, images: str, output: Path | None, as_json: bool, **options: Any) -> None:
    """Read the codes of images: a table with a row for each.

    \b
    For example:
      infoeval encode ckpt.pt holidays -o codes.csv
      infoeval encode ckpt.pt holidays --batch-norm generated -o codes.parquet
      infoeval encode vae.py:encoder sprites -o codes.npz
      infoeval encode encoder.onnx pictures.zip --image-range -1,1 -o codes.tsv

    MODEL is a model with an encoder, as in infoeval score. IMAGES is a folder or archive of image
    files, a single one, a .npz file or the name of a data set. A row has the file; of a categorical
    code the likeliest category and its probability; of each other code its value and its spread,
    the standard deviation of q(c|x), where the encoder tells them; and the factors or the label,
    where they are known. infoeval score takes the table as it is.
    """
    from infoeval import evaluation
    from infoeval.cli.progress import activity
    from infoeval.evaluation.encode_images import table_file

    if output is None:
        with activity() as progress:
            table = evaluation.encode(model, images, progress=progress, **options)
        _print_notes(table)
        print_json(as_text(_records(table))) if as_json else say(*_lines(table))
        return
    with table_file(output) as write:
        with activity() as progress:
            table = evaluation.encode(model, images, progress=progress, **options)
        write(table)
    _print_notes(table)
    if as_json:
        print_json(as_text({"table": str(output), "rows": len(table), "columns": list(table)}))
    else:
        note(f"codes: {output}, {len(table):,} rows")


def _print_notes(table: "pd.DataFrame") -> None:
    for line in table.attrs["notes"]:
        note(line)


def _records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return the rows as plain data; numbers have as many digits as tell them apart."""
    columns = {
        str(name): column.astype(str).astype(float) if column.dtype.kind == "f" else column
        for name, column in table.items()
    }
    rows = zip(*(list(values) for values in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _lines(table: "pd.DataFrame") -> list[str]:
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.splitlines()
