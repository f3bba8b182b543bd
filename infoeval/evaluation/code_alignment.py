"""Which codes of one model are those of another, by what both read from the same images."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from infoeval.errors import UserError
from infoeval.evaluation.array_metrics import run_on_models
from infoeval.evaluation.code_table import CodeTable
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.requests import Request
from infoeval.metrics.seed_agreement import pair_codes
from infoeval.results import Document, Result, Skipped
from infoeval.results.model_results import AlignedCode, Alignment
from infoeval.results.result_details import SEED_AGREEMENT
from infoeval.subjects.subject import Rows


def align(first: Inputs, other: Inputs) -> Alignment | None:
    """Return which codes of `other` are those of `first`; None without images that both read."""
    try:
        ours, theirs = _codes(first), _codes(other)
    except UserError:
        return None
    if len(ours) != len(theirs):
        return None
    pairs = pair_codes(
        [ours[name].to_numpy() for name in ours],
        [theirs[name].to_numpy() for name in theirs],
        [_types(first, ours), _types(other, theirs)],
    )
    aligned = [
        AlignedCode(
            code=str(ours.columns[pair.first]),
            own=str(theirs.columns[pair.second]),
            agreement=pair.agreement,
            turned=pair.turned,
        )
        for pair in pairs
    ]
    return Alignment(n=len(ours), codes=tuple(aligned))


def seeds_together(
    seeds: Sequence[Inputs], documents: Sequence[Document], *, agree: bool = True
) -> list[Document]:
    """Return the documents of seeds with the codes aligned to the first's, and perhaps with `udr`.

    Its result of each seed is how like the others' its continuous codes are; where it does not
    apply, the first document says why.
    """
    first, *others = seeds
    aligned = [documents[0]]
    for inputs, document in zip(others, documents[1:], strict=True):
        aligned.append(document.model_copy(update={"alignment": align(first, inputs)}))
    if not agree:
        return aligned
    try:
        measured = _agreement(seeds)
    except UserError as error:
        skipped = (*_others_skipped(aligned[0]), Skipped(SEED_AGREEMENT, str(error)))
        return [aligned[0].model_copy(update={"skipped": skipped}), *aligned[1:]]
    return [
        document.model_copy(
            update={"results": (*document.results, result), "skipped": _others_skipped(document)}
        )
        for document, result in zip(aligned, measured, strict=True)
    ]


def _others_skipped(document: Document) -> tuple[Skipped, ...]:
    return tuple(each for each in document.skipped if each.metric != SEED_AGREEMENT)


def _agreement(seeds: Sequence[Inputs]) -> list[Result]:
    """Return `udr` of each seed, by its continuous codes. Raises UserError where it has none."""
    tables = []
    for inputs in seeds:
        codes = _codes(inputs)
        numbers = codes[[name for name in codes if codes[name].dtype.kind == "f"]]
        if numbers.empty:
            raise UserError("the codes are categories; udr compares numbers")
        types = [
            kind or "continuous"
            for kind, name in zip(_types(inputs, codes), codes, strict=True)
            if name in numbers
        ]
        tables.append(CodeTable(Rows(numbers, None), types, []))
    names = [str(inputs.subject) for inputs in seeds]
    _, *each = run_on_models(tables, names, seeds[0].options, Request(SEED_AGREEMENT))
    return [replace(result, target=None) for result in each]


def _codes(inputs: Inputs) -> pd.DataFrame:
    """Return the codes of the rows of a table, or of at most `rows` test images.

    Raises UserError for a model that reads no images, and where there are none.
    """
    subject = inputs.subject
    if subject.rows is not None:
        rows, scored = subject.rows
        return (scored or rows).codes
    if not subject.has_encoder:
        raise UserError(f"{subject} has no encoder")
    return inputs.encode(inputs.splits.test, inputs.options.rows).columns


def _types(inputs: Inputs, codes: pd.DataFrame) -> list[str]:
    space = inputs.subject.codes
    angles = {name for name, prior in (space or {}).items() if prior.is_circular}
    return ["periodic" if name in angles else "" for name in codes]
