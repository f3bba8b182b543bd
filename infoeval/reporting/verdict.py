"""The verdict: what each code means, then what it carries, no more than its numbers show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from infoeval.reporting.carried_information import information_sentence
from infoeval.reporting.changed_statistics import (
    change_sentence,
    changed_by,
    move_sentence,
    moved_by,
)
from infoeval.reporting.class_matching import confusion_remark, match_sentence, matching_of
from infoeval.reporting.followed_factors import closest_factor, codes_compared, follow_sentence
from infoeval.reporting.wording import count_of, in_brackets
from infoeval.results import Code, Document
from infoeval.results.file_entries import Traversal
from infoeval.results.result_details import CLUSTER_ACCURACY, CODE_FACTORS, EFFECTS

MOST_SHOWN, MOST_LINES = 12, 24
"""Codes on the first screen of a page, and the lines of their sentences; the others are folded."""
_LETTERS, _SMALL_LETTERS = 86, 98
"""Letters of a line of a sentence on the first screen, and of the one below it."""
_MOST = 24
"""Largest number of codes of a table that have a sentence each, whatever it says."""
_FEW = 4
"""Codes that have a sentence each even if nothing is known of them, or their sentences are long."""


@dataclass(frozen=True)
class Finding:
    """What is said of a code: its name, the ``topic``, followed by ``text``, its meaning.

    ``information`` is a further sentence, or empty; ``named``: the code means something.
    """

    topic: str
    text: str
    information: str = ""
    named: bool = False

    @property
    def whole(self) -> str:
        """Both sentences without the name."""
        return " ".join(part for part in (self.text, self.information) if part)


def sentences(document: Document) -> list[Finding]:
    """Return what is said of each code: its meaning first, and how much it carries.

    Codes without a prior, as those of a table or of a stranger's encoder, are those that were
    compared with factors; of very many, only those that mean something have a sentence of their
    own. Of the other codes of a table it is said that no number is about them.
    """
    codes = document.all_codes
    topics = {code.name for code in codes}
    unknown = [code for code in codes if not _is_known(code, document)]
    many = len(unknown) > _FEW
    known = [
        _finding(code.name, document, _information_of(code, document))
        for code in codes
        if not (many and code in unknown)
    ]
    if many:
        text = "have no estimate of their information."
        known.append(Finding(count_of(len(unknown), "code"), text))
    names = [name for name in _named_codes(document) if name not in topics]
    told = [name for name in names if len(names) <= _MOST or _means_something(name, document)]
    findings = [_finding(name, document) for name in told]
    if rest := len(names) - len(told):
        text = f"{'follows' if rest == 1 else 'follow'} no factor that these rows can show."
        findings.append(Finding(count_of(rest, "other code"), text))
    others = [name for name in document.identity.code_names if name not in {*topics, *names}]
    return [*known, *findings, *_not_compared(others, document)]


def _is_known(code: Code, document: Document) -> bool:
    """Return whether a number says what a code carries or means, or of few, a picture shows it."""
    return (
        document.information(code.name) is not None
        or bool(_meaning(code.name, document))
        or (
            len(document.all_codes) <= _MOST
            and any(isinstance(i, Traversal) and i.code == code.name for i in document.images)
        )
    )


def why_empty(document: Document) -> str:
    """Return why nothing is said of any code, and where the page has what was measured."""
    reasons = {
        skip.reason: None
        for skip in document.skipped
        if skip.metric in (CODE_FACTORS, CLUSTER_ACCURACY, EFFECTS)
    }
    why = f"No number here is about a single code{in_brackets(*reasons)}."
    if not document.results:
        return f"{why} metrics.json has no results."
    count = count_of(len(document.results), "number")
    return f"{why} The page has {count} of the model as a whole."


def _named_codes(document: Document) -> tuple[str, ...]:
    """Return the codes that were compared with factors, matched to classes, or traversed."""
    names = list(codes_compared(document))
    names += [result.effects.code for result in document.results if result.effects]
    targets = [result.target for result in document.results if result.clustering]
    names += [target for target in targets if target and matching_of(document, target)]
    apart = [name for name in names if not any(name.startswith(f"{code}, ") for code in names)]
    return tuple(dict.fromkeys(apart))


def _means_something(code: str, document: Document) -> bool:
    return (
        _has_factor(code, document)
        or changed_by(document, code) is not None
        or moved_by(document, code) is not None
    )


def _has_factor(code: str, document: Document) -> bool:
    closest, matched = closest_factor(document, code), matching_of(document, code)
    return bool((closest and closest.rank) or (matched and matched.rank))


def _not_compared(names: Sequence[str], document: Document) -> list[Finding]:
    """Return that codes of a table were compared with no factor, and why."""
    pruned = {
        name
        for result in document.results
        if result.metric == CODE_FACTORS
        for name in result.details.get("pruned", ())
    }
    reason = next((skip.reason for skip in document.skipped if skip.metric == CODE_FACTORS), "")
    why = {name: "left out as inactive" if name in pruned else reason for name in names}
    text = "{} compared with no factor{}, and nothing here says what {}."
    findings = [
        Finding(name, text.format("was", in_brackets(why[name]), "it means"))
        for name in names[:_MOST]
    ]
    if more := len(names) - len(findings):
        be, each = ("was", "it means") if more == 1 else ("were", "they mean")
        told = text.format(be, in_brackets(reason), each)
        findings.append(Finding(count_of(more, "other code"), told))
    return findings


def _finding(code: str, document: Document, information: str = "") -> Finding:
    meaning, named = _meaning(code, document), _means_something(code, document)
    unnamed = f"is unnamed: it {meaning}." if meaning else "is unnamed."
    return Finding(code, f"{meaning}." if named else unnamed, information, named)


def _information_of(code: Code, document: Document) -> str:
    """Return what a code carries; nothing where no code has an estimate of that."""
    if not any(document.information(each.name) for each in document.all_codes):
        return ""
    return f"It {information_sentence(code, document)}."


def findings_that_fit(
    findings: Sequence[Finding], taken: int = 0
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that fit on a screen, and the rest: codes that mean something go first.

    Both keep their order. ``taken`` is the number of lines that something else takes.
    """
    first: set[int] = set()
    order = sorted(range(len(findings)), key=lambda place: not findings[place].named)
    lines = MOST_LINES - taken
    for place in order[:MOST_SHOWN]:
        finding = findings[place]
        lines -= math.ceil(len(f"{finding.topic} {finding.text}") / _LETTERS)
        lines -= math.ceil(len(finding.information) / _SMALL_LETTERS)
        if lines < 0 and len(first) >= _FEW:
            break
        first.add(place)
    shown = [finding for place, finding in enumerate(findings) if place in first]
    return shown, [finding for place, finding in enumerate(findings) if place not in first]


def _meaning(code: str, document: Document) -> str:
    """Return which classes a code matches, which factor it follows, or else what it changes.

    Nothing where nothing is known.
    """
    changed = move_sentence(code, document) or change_sentence(code, document)
    if changed and not _has_factor(code, document):
        return changed
    matched = matching_of(document, code)
    followed = follow_sentence(code, document)
    one_of_several = matched is not None and matched.result.target != code
    if matched is None or (followed and one_of_several and not matched.rank):
        return followed
    text = match_sentence(matched, code, document)
    closest = closest_factor(document, code)
    # Where a code matches its classes, they are its factor.
    if matched.rank < 2 and closest and closest.rank:
        text += f", {'and' if matched.rank else 'but'} {followed}"
    return text + confusion_remark(matched, document)
