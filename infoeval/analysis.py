"""Everything a report shows, gathered from checkpoints: metrics.json and the pictures beside it."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from infoeval.checkpoint import Checkpoint
from infoeval.codes import Categorical, Code
from infoeval.errors import UserError
from infoeval.files import atomic_path
from infoeval.model import CheckpointModel
from infoeval.report import write
from infoeval.results import Document
from infoeval.scoring import Say, score
from infoeval.traversals import tile, traverse

__all__ = ["report"]

EXAGGERATION = 2.0


def report(
    path: str | Path,
    output: str | Path,
    *,
    baseline: str | Path | None = None,
    data: str | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
    skip_broken: bool = False,
    command: str = "",
    say: Say | None = None,
) -> Path:
    """Score a checkpoint, draw its traversals, and write the page `output`.

    Beside the page a folder `<name>_files` receives `metrics.json`, `results.csv` and the pictures:
    the page is a function of these alone.

    Args:
        path: the checkpoint.
        output: the HTML file.
        baseline: the λ = 0 twin's checkpoint, shown beside it.
        data: see `infoeval.scoring.score`.
        data_dir: see `infoeval.scoring.score`.
        seed: of fresh samples, resampling, and the fixed noise of the traversals.
        device: see `infoeval.scoring.score`.
        skip_broken: see `infoeval.scoring.score`.
        command: what the page gives as the command that made it.
        say: see `infoeval.scoring.score`.

    Raises:
        UserError: as `score`, and when the two checkpoints do not have the same codes.

    """
    output = Path(output)
    folder = output.parent / f"{output.stem}_files"
    options: dict[str, Any] = {"data": data, "data_dir": data_dir, "seed": seed}
    options |= {"device": device, "skip_broken": skip_broken, "say": say}
    checkpoint = Checkpoint.open(path)
    twin = Checkpoint.open(baseline) if baseline is not None else None
    if twin is not None and twin.trainer.codes != checkpoint.trainer.codes:
        raise UserError(f"{baseline} has other codes than {path}: they cannot be compared")
    scored = score(path, **options)
    extra: dict[str, Any] = _about(checkpoint) | {
        "command": command,
        "created": datetime.now(UTC).date().isoformat(),
        "codes": [_about_code(name, code) for name, code in checkpoint.trainer.codes.items()],
        "images": _draw(checkpoint, "subject", folder, seed),
        "baseline": None,
    }
    if twin is not None and baseline is not None:
        other = score(baseline, **options)
        results = [asdict(result) for result in other.results]
        extra["baseline"] = {"subject": other.subject, "results": results, **_about(twin)}
        extra["images"] += _draw(twin, "baseline", folder, seed)
    document = replace(scored, extra=extra)
    document.write(folder / "metrics.json")
    with atomic_path(folder / "results.csv") as temporary:
        _table(document).to_csv(temporary, index=False)
    write(json.loads(document.to_json()), folder, output)
    return output


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    history = checkpoint.history
    steps, seconds = history.get("step", []), history.get("seconds", [])
    speed = steps[-1] * checkpoint.trainer.batch / seconds[-1] if seconds and seconds[-1] else None
    return {
        "history": history or None,
        "training": {
            "steps": checkpoint.step,
            "batch": checkpoint.trainer.batch,
            "images_per_second": speed,
            "seconds": seconds[-1] if seconds else None,
            "data": checkpoint.data,
            "run": checkpoint.run,
            "versions": checkpoint.versions,
            "config": checkpoint.trainer.to_dict(),
        },
    }


def _about_code(name: str, code: Code) -> dict[str, Any]:
    return {
        "name": name,
        "kind": code.kind,
        "entropy": code.entropy,
        "description": _describe(code),
    }


def _describe(code: Code) -> str:
    if isinstance(code, Categorical):
        return f"{code.size} equally likely categories"
    return f"uniform on [{code.low:g}, {code.high:g}]"


def _draw(checkpoint: Checkpoint, which: str, folder: Path, seed: int) -> list[dict[str, Any]]:
    """One traversal of each code, and the exaggerated one of each continuous code."""
    model = CheckpointModel(checkpoint)
    entries: list[dict[str, Any]] = []
    for name, code in model.codes.items():
        stretches = (1.0,) if isinstance(code, Categorical) else (1.0, EXAGGERATION)
        for stretch in stretches:
            grid, values = traverse(model.codes, model.generate, name, stretch=stretch, seed=seed)
            file = f"{which}-{len(entries)}.png"
            sheet = tile(grid)
            with atomic_path(folder / file) as temporary:
                picture = Image.fromarray(sheet if sheet.shape[2] == 3 else sheet[:, :, 0])
                picture.save(temporary, optimize=True)
            entries.append(_entry(which, name, code, stretch, values, grid.shape[0], file))
    return entries


def _entry(
    which: str, name: str, code: Code, stretch: float, values: list[float], rows: int, file: str
) -> dict[str, Any]:
    """What metrics.json says of a picture."""
    continuous = not isinstance(code, Categorical)
    if not continuous:
        title = f"{name}: one column for each category"
    elif stretch > 1:
        title = f"{name}, exaggerated: {values[0]:g} to {values[-1]:g}, beyond what was trained"
    else:
        title = f"{name}: {values[0]:g} to {values[-1]:g}"
    return {
        "file": file,
        "model": which,
        "code": name,
        "title": title,
        "caption": "Each row has its own fixed noise and other codes.",
        "rows": rows,
        "columns": len(values),
        "column_labels": [f"{value:.2g}" if continuous else str(value) for value in values],
        "low": values[0] if continuous else None,
        "high": values[-1] if continuous else None,
    }


def _table(document: Document) -> pd.DataFrame:
    columns = ["metric", "target", "value", "low", "high", "level", "n", "unit", "seconds"]
    rows = [{column: getattr(result, column) for column in columns} for result in document.results]
    return pd.DataFrame(rows, columns=columns)
