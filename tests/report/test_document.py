from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infoeval.errors import UserError
from infoeval.report import render
from infoeval.report.document import read
from tests.report.sample import sample, without_extras

Document = dict[str, Any]


def test_sample_is_read_as_it_stands(document: Document) -> None:
    whole = read(document)
    assert whole.run.subject.seed == 0
    assert [code.kind for code in whole.codes] == ["categorical", "continuous", "continuous"]
    assert whole.baseline is not None
    found = whole.baseline.find("cluster-acc", "digit")
    assert found is not None
    assert found.value == pytest.approx(1 - 0.7421)
    assert found.clustering is not None
    assert found.clustering.fit_n == 60000
    assert whole.run.find("mi-own", "no such code") is None
    curve = whole.run.curve("information_digit")
    assert curve is not None
    assert len(curve) == 151


def test_reading_does_not_change_the_document(folder: Path, document: Document) -> None:
    read(document)
    assert document == sample(folder)


@pytest.mark.parametrize(
    "key",
    ["schema_version", "subject", "data", "environment", "results", "skipped", "codes"],
)
def test_missing_key_is_named(folder: Path, document: Document, key: str) -> None:
    bare = without_extras(document)
    del bare[key]
    with pytest.raises(UserError, match=key) as caught:
        render(bare, folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["metric", "value"])
def test_missing_key_of_a_result_is_named(folder: Path, document: Document, key: str) -> None:
    del document["results"][2][key]
    with pytest.raises(UserError, match=rf"results\[2\]\.{key} is missing"):
        render(document, folder)


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5, [1]])
def test_other_schema_versions_are_refused(
    folder: Path, document: Document, version: object
) -> None:
    with pytest.raises(UserError, match="schema_version"):
        render(document | {"schema_version": version}, folder)


def change_confusion(value: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["results"][3]["details"]["confusion"] = value

    return change


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda d: d.update(subject=[]), "subject must be an object"),
        (lambda d: d.update(results={}), "results must be a list"),
        (lambda d: d.update(results=[3]), r"results\[0\] must be an object"),
        (lambda d: d["results"][0].update(value="2.3"), r"results\[0\].value must be a finite"),
        (lambda d: d["results"][0].update(value=True), r"results\[0\].value must be a finite"),
        (lambda d: d["results"][0].update(n=2.5), r"results\[0\].n must be a whole number"),
        (lambda d: d["results"][0].update(settings=[]), r"results\[0\].settings"),
        (lambda d: d["results"][0].update(higher_is_better=1), "true or false"),
        (lambda d: d["subject"].update(seed="zero"), "subject.seed"),
        (lambda d: d["baseline"]["subject"].pop("checkpoint"), "baseline.subject.checkpoint"),
        (lambda d: d["codes"][0].update(kind="ordinal"), "'categorical' or 'continuous'"),
        (lambda d: d["codes"][0].update(entropy=float("nan")), r"codes\[0\].entropy"),
        (lambda d: d["history"].update(generator_loss=[1.0]), "as long as step, 151"),
        (lambda d: d["history"].update(step="all"), "history.step must be a list"),
        (lambda d: d["history"]["step"].__setitem__(0, None), "history.step"),
        (lambda d: d["history"]["generator_loss"].__setitem__(0, "x"), "generator_loss"),
        (lambda d: d["images"][0].update(model="twin"), "'subject' or 'baseline'"),
        (lambda d: d["images"][0].update(columns=0), "at least 1"),
        (lambda d: d["images"][0].update(column_labels=["0"]), "10 texts, one per column"),
        (lambda d: d["images"][0].update(column_labels=[0] * 10), "list of texts"),
        (lambda d: d.update(created=20261122), "created must be text"),
        (lambda d: d["skipped"][0].pop("reason"), r"skipped\[0\].reason"),
        (lambda d: d["results"][3]["details"].update(matching=[0]), "matching"),
        (lambda d: d["results"][3]["details"].update(matching=[0] * 10), "matching"),
        (lambda d: d["results"][3]["details"].update(matching=[[]] * 10), "matching"),
        (lambda d: d["results"][3]["details"].update(class_names=["a"]), "10 names"),
        (change_confusion([]), "confusion must be a table"),
        (change_confusion([[1, 2], [3]]), "confusion must be a table"),
        (change_confusion([[1, -2], [3, 4]]), "confusion must be a table"),
        (change_confusion([["1"]]), "confusion must be a table"),
    ],
)
def test_wrong_value_is_one_clear_line(
    document: Document, spoil: Callable[[Document], object], place: str
) -> None:
    spoil(document)
    with pytest.raises(UserError, match=place) as caught:
        read(document)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("whole", [[], "text", None, 3])
def test_what_is_not_an_object_is_refused(folder: Path, whole: Any) -> None:
    with pytest.raises(UserError, match="must be an object"):
        render(whole, folder)


def test_integer_beyond_every_float_counts_as_not_finite(document: Document) -> None:
    document["results"][0]["value"] = 10**400
    assert read(document).run.results[0].value is None
