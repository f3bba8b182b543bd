"""From images to a table: a row for each image, with the codes that an encoder reads from it."""

import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from infoeval.data import ImageSet
from infoeval.errors import UserError, quoted
from infoeval.evaluation.context import Context, factors_of
from infoeval.evaluation.options import Options, Progress, no_progress
from infoeval.files import atomic_path
from infoeval.subjects.batch_norm import BatchNorm
from infoeval.subjects.opening import Given, find_models
from infoeval.subjects.subject import Encoding, Subject
from infoeval.subjects.tables.column_choice import is_beside, is_code


def encode(
    model: Given,
    images: str | Path,
    *,
    data_dir: str | Path | None = None,
    skip_broken: bool = False,
    seed: int = 0,
    batch_norm: BatchNorm = "real",
    prior: str | None = None,
    image_range: str = "0,1",
    device: str = "auto",
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Return a table with a row for each image: the codes that a model's encoder reads from it.

    Its columns are ``file``, the path in the folder, or ``index``, the place in the set; ``split``
    where the set itself has a train and a test split; for each categorical code the likeliest
    category and, where it is known, its probability; for each other code its value and, where it is
    known, its spread, the standard deviation of q(c|x); then the factors of the images, or else
    their label. A code called ``slant`` is the column ``code slant``, so that
    `infoeval.evaluation.score` takes the table as it is. ``attrs["notes"]`` of the table are
    sentences on how the images were read.

    Args:
        model: a model that has an encoder, as in `infoeval.evaluation.score`.
        images: a folder or archive of image files, an image, a `.npz` file or the name of a data
            set.
        data_dir: the folder of the named data sets.
        skip_broken: leave out image files that cannot be read.
        seed: of an encoder's random draws.
        batch_norm: the batch-norm statistics of the encoder: see `Options`. They are estimated
            on the train split of these images; for a few images take "generated" or "running". Of
            one image there are none: "generated" ones are taken where the model generates, else
            "running" ones.
        prior: the codes of an ONNX encoder or decoder, as in "10,n,n"; they name the columns.
        image_range: the darkest and the brightest value of an ONNX encoder's images.
        device: where networks run.
        progress: called with what is being done and the share that is done.

    Raises:
        UserError: a model without an encoder, or images that cannot be read or have another size.

    """
    options = Options(
        data=str(images),
        data_dir=data_dir,
        skip_broken=skip_broken,
        seed=seed,
        batch_norm=batch_norm,
        prior=prior,
        image_range=image_range,
        device=device,
        progress=progress,
    )
    context = Context(options, alone=True)
    subject = _with_encoder(model, context)
    splits = context.splits(subject)
    single = len(splits.train) < 2 and batch_norm == "real"
    if single:
        options = replace(options, batch_norm="generated" if subject.generator else "running")
        subject = _with_encoder(model, Context(options))
    reader = subject.reader(splits.train)
    notes = dict.fromkeys(note for split in splits for note in split.notes)
    if single and reader.batch_norm:
        notes[f"batch norm: one image has no statistics; {options.batch_norm} ones are taken"] = (
            None
        )
    parts = []
    for split in splits:
        context.progress(f"reading the codes of {len(split):,} images", None)
        parts.append(_rows(split, reader.encode(split)))
    table = pd.concat(parts, ignore_index=True)
    if splits.train.places is not None and splits.test.places is not None:
        # A random split is of no interest here: the images are in their own order, each once.
        places = np.concatenate([splits.train.places, splits.test.places])
        table = table.iloc[np.unique(places, return_index=True)[1]].reset_index(drop=True)
    table.attrs["notes"] = list(notes)
    return table


def _with_encoder(model: Given, context: Context) -> Subject:
    """Return the one subject of a model. Raises UserError for several, and without an encoder."""
    found = find_models(model)
    if len(found) > 1:
        raise UserError(f"{model} holds {len(found)} runs: give the checkpoint of one")
    subject = context.open(found[0])
    if subject.rows is not None:
        raise UserError(f"{subject} is a table of codes: it has no encoder that reads images")
    if not subject.has_encoder:
        raise UserError(f"{subject} is a generator alone: it has no encoder that reads images")
    context.check_use([subject])
    return subject


def _cell(file: str) -> str:
    """Return the path of a file that a spreadsheet does not take for a formula.

    >>> _cell("=1+1.png"), _cell("beach/=1.png")
    ('./=1+1.png', 'beach/=1.png')
    """
    return f"./{file}" if file[:1] in ("=", "+", "-", "@") else file


def _rows(images: ImageSet, encoding: Encoding) -> pd.DataFrame:
    """Return the rows of one split."""
    columns: dict[str, Any] = {}
    if images.files:
        columns["file"] = list(map(_cell, images.files))
    else:
        columns["index"] = np.arange(len(images)) if images.places is None else images.places
    if images.places is None:
        columns["split"] = [images.split] * len(images)
    gaussians = encoding.gaussians.items()
    spreads = {**encoding.spreads, **{name: np.exp(q.log_variance / 2) for name, q in gaussians}}
    for name in map(str, encoding.columns):
        values = encoding.columns[name]
        column = _free(name, "code", columns, is_code)
        columns[column] = values.to_numpy()
        if name in encoding.posteriors:
            columns[f"probability of {column}"] = encoding.posteriors[name].max(axis=1)
        if name in spreads:
            columns[f"spread of {column}"] = spreads[name]
    truth = _truth(images)
    for name in map(str, truth):
        column = _free(name, "factor", columns, lambda text: not is_code(text))
        columns[column] = truth[name].to_numpy()
    return pd.DataFrame(columns)


def _truth(images: ImageSet) -> pd.DataFrame:
    """Return the factors of images, or else their labels, by name where they have names."""
    known = factors_of(images)
    if known is None:
        return pd.DataFrame()
    if images.factors is None and images.label_names:
        return pd.DataFrame({"label": np.array(images.label_names, dtype=object)[images.labels]})
    return known


def _free(name: str, what: str, taken: Collection[str], fits: Callable[[str], bool]) -> str:
    """Return a column's name by which the reader of tables knows what it is."""
    while name in taken or is_beside(name, taken) or not fits(name):
        name = f"{what} {name}"
    return name


@contextmanager
def table_file(path: str | Path) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yield a function that writes a table to a file: `.csv`, `.tsv`, `.parquet` or `.npz`.

    The file appears whole, when the block ends. It is opened first, so that one that cannot be
    written is an error before anything is computed.

    Raises UserError for another suffix, where pyarrow is missing, and for a file that cannot be
    written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        kinds = ", ".join(_WRITERS)
        raise UserError(f"{path}: a table of codes is written as {kinds}, not {quoted(suffix)}")
    if suffix == ".parquet":
        _check_pyarrow(path)
    with atomic_path(path) as temporary:
        yield lambda table: _WRITERS[suffix](table, temporary)


def _check_pyarrow(path: str | Path) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise UserError(
            f"{path}: .parquet files are written with pyarrow: pip install 'infoeval[tables]'"
        ) from None


def _write_text(table: pd.DataFrame, path: Path, separator: str) -> None:
    table.to_csv(path, sep=separator, index=False, lineterminator="\n")


def _write_arrays(table: pd.DataFrame, path: Path) -> None:
    """Write an array for each column; numpy's own function takes no column called ``file``."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, column in table.items():
            values = column.to_numpy()
            if values.dtype.kind not in "biuf":
                values = values.astype(np.str_)
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": lambda table, path: _write_text(table, path, ","),
    ".tsv": lambda table, path: _write_text(table, path, "\t"),
    ".parquet": lambda table, path: table.to_parquet(path, engine="pyarrow", index=False),
    ".npz": _write_arrays,
}
