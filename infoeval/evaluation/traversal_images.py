"""Traversal images of a report: what each code changes, for the same fixed noise of all models."""

from collections.abc import Iterator, Sequence

from infoeval.codes import Categorical, CodeSpace
from infoeval.evaluation.image_files import ImageFile, lossless
from infoeval.subjects.protocols import Generator
from infoeval.traversals import tile, traverse

__all__ = ["EXAGGERATION", "MOST_CATEGORIES", "ROWS", "draw_traversals", "label_of"]

ROWS = 5
EXAGGERATION = 2.0
MOST_CATEGORIES = 50
"""Of a code with more categories only the first are shown."""


def draw_traversals(model: Generator, number: int, seed: int) -> Iterator[ImageFile]:
    """Yield a traversal of each code, and an exaggerated one of each continuous code.

    `number` is the model's number in metrics.json, `seed` that of the fixed noise.
    """
    for name, code in model.codes.items():
        for stretch in (1.0,) if isinstance(code, Categorical) else (1.0, EXAGGERATION):
            grid, values = traverse(
                model.codes,
                model.generate,
                name,
                rows=ROWS,
                stretch=stretch,
                seed=seed,
                most=MOST_CATEGORIES,
            )
            continuous = not isinstance(code, Categorical)
            entry = {
                "kind": "traversal",
                "model": number,
                "code": name,
                "title": _title(model.codes, name, values, stretch),
                "caption": "Each row has its own fixed noise and other codes.",
                "rows": ROWS,
                "columns": len(values),
                "column_labels": [label_of(value) for value in values],
                "low": values[0] if continuous else None,
                "high": values[-1] if continuous else None,
                "gap": 1,
            }
            yield ImageFile(entry, lossless(tile(grid)))


def label_of(value: float) -> str:
    """Return a code's value as the label of a column.

    >>> label_of(-0.25), label_of(2.0), label_of(2 / 3)
    ('−0.25', '2', '0.67')
    """
    return f"{round(value, 2):g}".replace("-", "−")


def _title(space: CodeSpace, name: str, values: Sequence[float], stretch: float) -> str:
    code = space[name]
    if isinstance(code, Categorical):
        if code.size > len(values):
            return f"{name}: the first {len(values)} of {code.size} categories"
        return f"{name}: one column for each category"
    ends = f"{label_of(values[0])} to {label_of(values[-1])}"
    if stretch > 1:
        return f"{name}, exaggerated: {ends}, beyond what was trained"
    return f"{name}: {ends}"
