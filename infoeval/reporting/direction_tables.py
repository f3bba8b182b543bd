"""Tables of directions of a latent space: what each carries, changes and reaches; all changes."""

from collections.abc import Sequence

from infoeval.reporting.tables import Cell, ReportTable, columns, estimate
from infoeval.results import Document, Result
from infoeval.results.result_details import DIRECTION_CHANGE, INFORMATION, AttributeChange

EXPLAINED = (
    "The code of a direction is how far an image's latent point lies along it. Changes are those "
    "per deviation of the code, in deviations of the attribute among random images; side effects "
    "are the sizes of the other changes as shares of the largest. A direction reaches as many "
    "deviations from the mean as images still lie among random ones, by plain features of their "
    "pixels. Directions are in the order of their nats."
)


def directions(document: Document) -> tuple[ReportTable, ...]:
    """Return a row a direction, then for each kind of attributes all changes; or nothing."""
    reached = [result for result in document.results if result.reach is not None]
    if not reached:
        return ()
    changed = [result for result in document.results if result.change is not None]
    kinds = dict.fromkeys(
        change.kind for result in changed if result.change for change in result.change.changes
    )
    return (_ranking(document, reached), *(_changes(changed, kind) for kind in kinds))


def _ranking(document: Document, reached: Sequence[Result]) -> ReportTable:
    heads = (
        *columns("Direction", ("Nats", "nats"), "Changes most", ("By", "number")),
        *columns("Side effects, mean", "Largest", kind="percent"),
        *columns("Straight (R²)", "Reaches", kind="number"),
    )
    rows = tuple(_row(document, result) for result in reached)
    return ReportTable("directions", "Directions by their nats", heads, rows)


def _row(document: Document, reached: Result) -> tuple[Cell, ...]:
    information = document.find(INFORMATION, reached.target)
    result = document.find(DIRECTION_CHANGE, reached.target)
    change = None if result is None else result.change
    known = reached.target, estimate(information)
    if result is None or change is None or not result.excludes_zero:
        return (*known, "nothing measured", None, None, None, None, estimate(reached))
    return (
        *known,
        change.attribute,
        estimate(result),
        change.dependency_mean,
        change.dependency_max,
        estimate(change.linearity),
        estimate(reached),
    )


def _changes(changed: Sequence[Result], kind: str) -> ReportTable:
    """Return a row a direction and a column an attribute."""
    found: list[dict[str, AttributeChange]] = [
        {change.attribute: change for change in result.change.changes if change.kind == kind}
        for result in changed
        if result.change
    ]
    names = list(dict.fromkeys(name for by_name in found for name in by_name))
    heads = (*columns("Direction"), *columns(*names, kind="number"))
    rows = tuple(
        (result.target, *(estimate(by_name.get(name)) for name in names))
        for result, by_name in zip(changed, found, strict=True)
    )
    title = f"Change of {kind} per deviation of each direction, in deviations"
    return ReportTable(f"changes-{kind.replace(' ', '-')}", title, heads, rows)
