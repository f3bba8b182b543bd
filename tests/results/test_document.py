import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics import cluster_accuracy, cluster_nmi
from infoeval.results import Code, Document, Result, Skipped, contract, environment

FIELDS: dict[str, Any] = {
    "metric": "cluster-acc",
    "target": "digit",
    "value": 0.5,
    "low": 0.4,
    "high": 0.6,
    "level": 0.95,
    "n": 10,
    "unit": "fraction",
    "higher_is_better": True,
    "settings": {"categories": 10},
    "seconds": 0.1,
    "reference": "Chen et al. 2016",
    "details": {"matching": [1, -1]},
}


DEEP: Any = 1
for _ in range(200):
    DEEP = [DEEP]


def document(**changes: Any) -> Document:
    whole: dict[str, Any] = {
        "subject": {"checkpoint": "runs/0/last.pt", "step": 3000},
        "data": {"name": "mnist", "split": "test", "n": 10000},
        "environment": {"python": "3.11"},
        "results": (Result(**FIELDS), Result(**{**FIELDS, "low": None, "high": None})),
        "skipped": (Skipped("mig", "needs factors; mnist has labels only"),),
    }
    return Document(**{**whole, **changes})


def changed(path: list[Any], value: Any) -> str:
    """Return the JSON of a good document with the value at this path replaced (or removed)."""
    plain = json.loads(document().to_json())
    place = plain
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(plain)


def test_json_holds_the_contract() -> None:
    plain = json.loads(document().to_json())
    assert plain["schema_version"] == 1
    assert set(plain) == {
        "schema_version", "subject", "data", "environment", "results", "skipped",
    }  # fmt: skip
    assert plain["results"][0] == FIELDS
    assert plain["skipped"] == [{"metric": "mig", "reason": "needs factors; mnist has labels only"}]


def test_json_is_sorted_indented_and_ends_with_a_line_end() -> None:
    text = document(subject={"b": 1, "a": 2}).to_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2) + "\n"
    assert text == document(subject={"a": 2, "b": 1}).to_json()


def test_round_trip() -> None:
    assert Document.from_json(document().to_json()) == document()


def test_what_the_report_adds_is_kept() -> None:
    codes = [{"name": "digit", "kind": "categorical", "entropy": 2.302585}]
    extra = {"command": "infoeval report", "codes": codes, "of another version": [1]}
    text = document(**extra).to_json()
    plain = json.loads(text)
    assert {name: plain[name] for name in extra} == extra
    assert Document.from_json(text).command == "infoeval report"
    assert Document.from_json(text).to_json() == text


def test_only_the_keys_that_were_given_are_written() -> None:
    assert "codes" not in json.loads(document().to_json())
    assert json.loads(document(history=None).to_json())["history"] is None


def test_scores_become_results() -> None:
    labels = np.arange(20) % 4
    for metric, score in (
        ("cluster-acc", cluster_accuracy(labels, labels)),
        ("cluster-nmi", cluster_nmi(labels, labels)),
    ):
        result = Result.of(score, metric=metric, target="digit", settings={"a": 1}, seconds=0.5)
        assert (result.metric, result.target) == (metric, "digit")
        assert (result.value, result.low, result.high) == (score.value, score.low, score.high)
        assert (result.level, result.n, result.unit) == (score.level, score.n, score.unit)
        assert (result.details, result.reference) == (score.details, score.reference)
        assert (result.settings, result.seconds) == ({"a": 1}, 0.5)
        whole = document(results=(result,))
        assert Document.from_json(whole.to_json()) == whole


def test_numpy_values_are_written_as_plain_ones() -> None:
    details = {"a": np.float32(0.5), "b": np.arange(3), "c": np.int64(4), "d": (np.bool_(True), 1)}
    text = document(results=(Result(**{**FIELDS, "details": details}),)).to_json()
    assert json.loads(text)["results"][0]["details"] == {
        "a": 0.5, "b": [0, 1, 2], "c": 4, "d": [True, 1],
    }  # fmt: skip


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float64("-inf")])
def test_number_that_is_not_finite_is_refused_with_its_place(number: float) -> None:
    broken = document(results=(Result(**{**FIELDS, "details": {"curve": [0.0, number]}}),))
    with pytest.raises(
        ValueError, match=r"document\.results\[0\]\.details\.curve\[1\] is -?(nan|inf)"
    ):
        broken.to_json()
    with pytest.raises(ValueError, match=r"document\.extra_number is"):
        document(extra_number=number).to_json()


@pytest.mark.parametrize("thing", [Path("a"), {1, 2}, b"bytes", object()])
def test_what_json_cannot_hold_is_refused_with_its_place(thing: object) -> None:
    with pytest.raises(TypeError, match=r"document\.subject\.note is a \w+, which JSON"):
        document(subject={"note": thing}).to_json()


def test_keys_are_text() -> None:
    with pytest.raises(ValueError, match=r"data\.3"):
        document(data={3: "x"})
    with pytest.raises(TypeError, match=r"document\.data\.sizes: key 3 is not text"):
        document(data={"sizes": {3: "x"}}).to_json()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": float("nan")}, r"results\[0\].value must be a finite number"),
        ({"low": 0.7}, r"results\[0\]: low 0.7 is above"),
        ({"high": 0.3}, r"results\[0\]: high 0.3 is below"),
        ({"level": None}, r"results\[0\]: an interval needs its level"),
        ({"n": 0}, r"results\[0\]: n is 0"),
        ({"seconds": -1.0}, r"results\[0\]: seconds is -1.0"),
        ({"seconds": float("nan")}, r"results\[0\].seconds must be a finite number"),
        ({"value": "0.5"}, r"results\[0\].value must be a finite number"),
        ({"value": None}, r"results\[0\].value must be a finite number"),
        ({"value": True}, r"results\[0\].value must be a finite number"),
        ({"n": 10.0}, r"results\[0\].n must be a whole number"),
        ({"n": True}, r"results\[0\].n must be a whole number"),
        ({"metric": None}, r"results\[0\].metric must be text"),
        ({"target": 3}, r"results\[0\].target must be text"),
        ({"higher_is_better": 1}, r"results\[0\].higher_is_better must be true or false"),
        ({"settings": []}, r"results\[0\].settings must be an object"),
        ({"details": {"confusion": []}}, r"results\[0\].details.matching is missing"),
    ],
)
def test_what_is_no_result(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="1 validation error for Result"):
        Result(**{**FIELDS, **changes})
    # Read from a file, the same is the user's to mend. (JSON has no NaN to put there.)
    name, value = next(iter(changes.items()))
    if value == value:
        with pytest.raises(UserError, match=message):
            Document.from_json(changed(["results", 0, name], value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "the top level must be an object"),
        ("null", "the top level must be an object"),
        ('{"schema_version": 1, "a": NaN}', "it holds NaN; numbers must be finite"),
        ('{"schema_version": 1, "a": -Infinity}', "it holds -Infinity"),
        ('{"schema_version": 1, "a": 1e999}', "it holds 1e999"),
        ("[" * 100_000, "nested too deeply"),
        (changed(["results", 0, "settings", "a"], DEEP), "nested too deeply"),
        (
            changed(["results", 0, "two\nlines \u202e"], 1),
            "results[0].two lines \ufffd is an unknown",
        ),
        ("{}", "'schema_version' must be a whole number"),
        (changed(["schema_version"], "1"), "'schema_version' must be a whole number"),
        (changed(["schema_version"], True), "'schema_version' must be a whole number"),
        (changed(["schema_version"], 2), "schema_version is 2, this infoeval reads 1"),
        (changed(["subject"], ...), "subject is missing"),
        (changed(["data"], []), "data must be an object"),
        (changed(["results"], {}), "results must be a list"),
        (changed(["skipped"], None), "skipped must be a list"),
        (changed(["results", 0], 3), "results[0] must be an object"),
        (changed(["results", 0, "value"], 10**400), "results[0].value must be a finite number"),
        (changed(["results", 1, "unit"], ...), "results[1].unit is missing"),
        (changed(["results", 1, "colour"], "red"), "results[1].colour is an unknown field"),
        (changed(["skipped", 0, "reason"], ...), "skipped[0].reason is missing"),
        (changed(["skipped", 0, "reason"], 3), "skipped[0].reason must be text"),
    ],
)
def test_hostile_text_is_one_line_for_the_user(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        Document.from_json(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_optional_fields_of_a_result_may_be_missing() -> None:
    read = Document.from_json(changed(["results", 0, "details"], ...))
    assert read.results[0].details == {}


def test_write_and_read(tmp_path: Path) -> None:
    document().save(tmp_path / "out" / "metrics.json")
    assert Document.read(tmp_path / "out" / "metrics.json") == document()
    assert (tmp_path / "out" / "metrics.json").read_bytes() == document().to_json().encode()


def test_failed_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    document().save(path)
    with pytest.raises(ValueError, match="not a finite number"):
        document(data={"mean": float("nan")}).save(path)
    assert Document.read(path) == document()


def test_reading_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*none\.json: No such file"):
        Document.read(tmp_path / "none.json")
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(UserError, match=r"cannot read .*latin\.json: not UTF-8"):
        Document.read(tmp_path / "latin.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match=r"cannot read .*other\.json: .*'schema_version'"):
        Document.read(tmp_path / "other.json")


def test_environment_is_plain_and_complete() -> None:
    found = environment("cuda:0 (H100)")
    assert found["device"] == "cuda:0 (H100)"
    assert found["numpy"] == np.__version__
    assert found["python"] == sys.version.split()[0]
    assert found["threads"] >= 1
    assert all(isinstance(found[name], str) and found[name] for name in found if name != "threads")
    assert Document.from_json(document(environment=found).to_json()).environment == found


def test_environment_tells_torch_s_version_and_threads() -> None:
    import torch

    found = environment("cpu")
    assert found["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["threads"] == torch.get_num_threads()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[2Jdigit", "\\x1b[2Jdigit"),
        ("two\nlines", "two lines"),
        ("\u202eevil", "\\u202eevil"),
        ("a" * 1000, "a" * 140 + " … " + "a" * 57),
        ("größe", "größe"),
    ],
)
def test_names_are_one_printable_line(name: str, shown: str) -> None:
    result = Result(name, name, 0.5, None, None, None, 10, "fraction", True)
    assert (result.metric, result.target) == (shown, shown)
    assert Skipped(name, "no\x07labels").reason == "no\\x07labels"
    assert Code(name=name, kind="categorical", entropy=1.0).name == shown
    named = document(subject={"trainer": name}, data={"name": name})
    assert (named.identity.trainer, named.data_set.name) == (shown, shown)
    assert Document.from_json(named.to_json()) == named


LARGE: dict[str, tuple[str, str]] = {
    "values": ("[" + "0," * 5_000_000 + "0]", "more than 5,000,000 values"),
    "lists": ("[" * 5_000_001, "more than 5,000,000 values"),
    "depth": ('{"a":' * 900 + "1" + "}" * 900, "nested too deeply"),
    "more depth": ("[" * 200_000, "nested too deeply"),
    "an integer": ('{"a": ' + "1" * 5000 + "}", "not JSON"),
    "a float": ('{"a": ' + "1" * 5000 + ".0}", "numbers must be finite"),
    "a version": ('{"schema_version": ' + "1" * 4000 + "}", "schema_version is 111"),
    "a key": ('{"schema_version": 1, "' + "a" * 10**6 + '": 1}', "results is missing"),
}


@pytest.mark.parametrize(("text", "reason"), LARGE.values(), ids=LARGE)
def test_what_is_too_large_is_refused_soon_and_briefly(text: str, reason: str) -> None:
    start = time.process_time()
    with pytest.raises(UserError, match=reason) as caught:
        Document.from_json(text)
    assert time.process_time() - start < 1
    assert len(str(caught.value)) < 400


def test_a_place_with_a_long_name_is_cut() -> None:
    path = ["results", 0, "k" * 100_000]
    with pytest.raises(UserError, match="k … k") as caught:
        Document.from_json(changed(path, 1))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["a" * 300, "loop", "pipe", "folder", "zero", "a\0b"])
def test_what_is_no_file_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="cannot read"):
        Document.read(tmp_path / name)


def test_a_file_of_many_bytes_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "LARGEST", 1000)
    (tmp_path / "long.json").write_text(" " * 1001)
    with pytest.raises(UserError, match="too large"):
        Document.read(tmp_path / "long.json")


def test_many_results_without_a_value_take_no_square_of_time() -> None:
    whole = json.loads(document().to_json())
    empty = {**json.loads(changed(["results", 0, "value"], None))["results"][0]}
    whole["results"] = [{**empty, "target": f"code {i}"} for i in range(20_000)]
    start = time.process_time()
    assert Document.for_page(whole).results == ()
    assert time.process_time() - start < 5


def test_a_result_is_found_by_its_name() -> None:
    whole = {**FIELDS, "metric": "mig", "target": None}
    other = {**whole, "value": 0.45, "settings": {"own": {"estimator": "ksg"}}}
    one, two = ({**FIELDS, "metric": "mi-own", "target": code} for code in ("digit", "style"))
    scores = document(results=tuple(Result(**each) for each in (whole, other, one, two, FIELDS)))
    assert scores["mig"].value == 0.5
    assert scores["mig:estimator=ksg"].value == 0.45
    assert scores["mi-own[style]"].target == "style"
    assert scores["cluster-acc"].target == "digit"
    with pytest.raises(UserError, match=r"mi-own has several results; .*mi-own\[digit\].*style"):
        scores["mi-own"]
    with pytest.raises(UserError, match=r"no result 'migg' \(did you mean 'mig'"):
        scores["migg"]
    with pytest.raises(UserError, match="there is none"):
        document(results=())["mig"]
