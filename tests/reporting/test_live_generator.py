"""The generator in the page: nothing runs there but our script and the published runtime."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from infoeval.errors import UserError
from infoeval.reporting import onnxruntime, render
from infoeval.reporting.grid_columns import CategoryOrder, Orders
from infoeval.reporting.live_generator import Live, read_live
from infoeval.results import Document
from tests.reporting.live_sample import PIXELS, ROWS, RUNTIME, WIDTH, live_sample
from tests.reporting.reading import Reading
from tests.reporting.sample import without_extras

HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7*7 }}\"'&"


@pytest.fixture
def whole(
    original: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    document = without_extras(original)
    document["live"] = live_sample(tmp_path, monkeypatch)
    return document


def found(document: dict[str, Any], folder: Path, orders: Orders | None = None) -> Live:
    live = read_live(Document.for_page(document), folder, orders or Orders())
    assert live is not None
    return live


def test_no_entry_is_no_generator(whole: dict[str, Any], tmp_path: Path) -> None:
    del whole["live"]
    assert read_live(Document.for_page(whole), tmp_path, Orders()) is None
    page = render(whole, tmp_path)
    assert "wasm" not in page
    assert "blob:" not in page


def test_sliders_know_their_columns(whole: dict[str, Any], tmp_path: Path) -> None:
    live = found(whole, tmp_path)
    digit, slant = live.sliders
    assert (digit.column, digit.categories, digit.least, digit.most, digit.step) == (
        3,
        4,
        "0",
        "3",
        "1",
    )
    assert (slant.column, slant.categories, slant.least, slant.most) == (7, None, "-2", "2")
    assert (slant.low, slant.high, slant.start, slant.step) == ("-1", "1", "0", "0.02")
    assert (live.width, live.entry.reference.rows, live.entry.noise) == (WIDTH, ROWS, 3)


def test_categories_are_in_hungarian_order(whole: dict[str, Any], tmp_path: Path) -> None:
    order = CategoryOrder((2, 0, 3, 1), ("one", None, "zero", "two"))
    digit, slant = found(whole, tmp_path, Orders({(0, "digit"): order})).sliders
    assert digit.order == (2, 0, 3, 1)
    assert digit.matched == (
        *("code 2 → zero", "code 0 → one", "code 3 → two", "code 1 → no class"),
    )
    assert slant.order == ()
    fewer = Orders({(0, "digit"): CategoryOrder((1, 0), ("one", "zero"))})
    assert found(whole, tmp_path, fewer).sliders[0].order == ()


def test_an_uneven_prior_is_stretched_about_its_centre(
    whole: dict[str, Any], tmp_path: Path
) -> None:
    whole["live"]["codes"][1] |= {"low": 0, "high": 10}
    slant = found(whole, tmp_path).sliders[1]
    assert (slant.least, slant.start, slant.most, slant.step) == ("-5", "5", "15", "0.1")


def test_page_holds_the_files_and_allows_nothing_more(
    whole: dict[str, Any], tmp_path: Path
) -> None:
    page = Reading(render(whole, tmp_path))
    blocks = {
        element.attributes["id"]: base64.b64decode(element.text)
        for element in page.all("script")
        if element.attributes.get("type") == "text/plain"
    }
    assert blocks.pop("live-script") == RUNTIME[onnxruntime.SCRIPT]
    assert blocks.pop("live-loader") == RUNTIME[onnxruntime.LOADER]
    wasm = gzip.decompress(blocks.pop("live-webassembly"))
    assert wasm == RUNTIME[onnxruntime.WEBASSEMBLY]
    assert blocks.pop("live-model") == b"the weights"
    assert blocks.pop("live-reference") == bytes(ROWS * (4 * WIDTH + PIXELS))
    assert not blocks

    (policy,) = [
        element.attributes["content"] or ""
        for element in page.all("meta")
        if element.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    (rule,) = [rule.split() for rule in policy.split(";") if rule.split()[0] == "script-src"]
    run = [element.text for element in page.all("script") if "type" not in element.attributes]
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in run
    }
    assert set(rule[1:]) == hashes | {"'wasm-unsafe-eval'", "blob:"}
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy


def test_the_same_input_gives_the_same_page(whole: dict[str, Any], tmp_path: Path) -> None:
    assert render(whole, tmp_path) == render(whole, tmp_path)


def test_hostile_names_stay_text(whole: dict[str, Any], tmp_path: Path) -> None:
    before = Reading(render(whole, tmp_path))
    whole["live"]["codes"][0]["name"] = HOSTILE
    after = Reading(render(whole, tmp_path))
    (label,) = [
        element for element in after.all("label") if element.attributes["for"] == "live-code-0"
    ]
    assert label.text.strip() == HOSTILE
    assert [element.tag for element in after.elements] == [
        element.tag for element in before.elements
    ]
    assert "Their </pre><b>licence</b>" in after.text


def test_own_script_cannot_end_early(whole: dict[str, Any], tmp_path: Path) -> None:
    script = found(whole, tmp_path).script
    assert not re.search(r"</script|<!--|innerHTML|eval\(|\bFunction\(", script)


@pytest.mark.parametrize("name", list(RUNTIME))
def test_a_strangers_runtime_is_not_run(whole: dict[str, Any], tmp_path: Path, name: str) -> None:
    place = tmp_path / onnxruntime.FOLDER
    wasm = name == onnxruntime.WEBASSEMBLY
    other = bytes(len(RUNTIME[name]))
    path = place / (f"{name}.gz" if wasm else name)
    path.write_bytes(gzip.compress(other) if wasm else other)
    with pytest.raises(UserError, match="is not the published file"):
        render(whole, tmp_path)
    path.unlink()
    with pytest.raises(UserError, match="is missing"):
        render(whole, tmp_path)


def test_a_gzip_bomb_is_not_unpacked(whole: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / onnxruntime.FOLDER / f"{onnxruntime.WEBASSEMBLY}.gz"
    followed = path.read_bytes() + gzip.compress(bytes(3_000_000))
    for content in (gzip.compress(bytes(3_000_000)), followed, b"\x1f\x8b", b"", b"no gzip"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="is not the published file"):
            render(whole, tmp_path)


def test_a_packed_generator_is_refused(whole: dict[str, Any], tmp_path: Path) -> None:
    content = gzip.compress(b"the weights")
    (tmp_path / "generator.onnx").write_bytes(content)
    whole["live"]["sha256"] = hashlib.sha256(content).hexdigest()
    with pytest.raises(UserError, match="is a gzip file, and no generator's"):
        render(whole, tmp_path)


def test_a_folder_elsewhere_is_not_read(
    whole: dict[str, Any], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / onnxruntime.FOLDER
    (tmp_path / onnxruntime.FOLDER).rename(elsewhere)
    (tmp_path / onnxruntime.FOLDER).symlink_to(elsewhere)
    with pytest.raises(UserError, match="is missing in"):
        render(whole, tmp_path)


WRONG: list[tuple[str, object, str]] = [
    ("file", "../generator.onnx", "plain name"),
    ("file", 3, "must be text"),
    ("file", "absent.onnx", "is missing"),
    ("sha256", "0" * 64, "is not the file"),
    ("noise", -1, "whole number"),
    ("noise", 10**9, "or less"),
    ("codes", [], "codes must be 1 or more items"),
    ("codes", [{"name": "c", "kind": "categorical", "size": 2}] * 65, "64 or fewer items"),
    ("codes", [{"name": "c", "kind": "gaussian"}], "one of 'categorical', 'continuous'"),
    ("codes", [{"name": "c", "kind": "categorical", "size": 1}], "whole number"),
    ("codes", [{"name": "c", "kind": "categorical", "size": 10**8}], "or less"),
    ("codes", [{"name": "c", "kind": "continuous", "low": 1, "high": 1}], "above low"),
    ("codes", [{"name": "c", "kind": "continuous", "low": 2, "high": 1}], "above low"),
    ("codes", [{"name": "c", "kind": "continuous", "low": -1e308, "high": 1e308}], "above low"),
    ("image", {"channels": 2, "height": 4, "width": 4}, "1 or 3"),
    ("image", {"channels": 1, "height": 4, "width": 4000}, "or less"),
    ("image", {"channels": 1, "height": 5, "width": 4}, "have 104"),
    ("image", None, "must be an object"),
    ("runtime", {"name": "onnxruntime-web", "version": "1.0.0"}, "pages run"),
    ("runtime", {"name": "left-pad", "version": onnxruntime.VERSION}, "pages run"),
]


@pytest.mark.parametrize(("key", "value", "said"), WRONG)
def test_a_malformed_entry_is_one_line(
    whole: dict[str, Any], tmp_path: Path, key: str, value: object, said: str
) -> None:
    whole["live"][key] = value
    with pytest.raises(UserError, match=said) as error:
        render(whole, tmp_path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("key", ["file", "codes", "noise", "image", "reference", "runtime"])
def test_a_missing_key_is_one_line(whole: dict[str, Any], tmp_path: Path, key: str) -> None:
    del whole["live"][key]
    with pytest.raises(UserError, match=rf"live\.{key} is missing"):
        render(whole, tmp_path)


@pytest.mark.parametrize(("key", "value"), [("rows", 0), ("rows", 1000), ("tolerance", -1)])
def test_a_wrong_reference_is_one_line(
    whole: dict[str, Any], tmp_path: Path, key: str, value: int
) -> None:
    whole["live"]["reference"][key] = value
    with pytest.raises(UserError, match=f"live.reference.{key}"):
        render(whole, tmp_path)


def test_a_changed_generator_is_refused(whole: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "generator.onnx").write_bytes(b"other weights")
    with pytest.raises(UserError, match="is not the file that metrics"):
        render(whole, tmp_path)


def test_sliders_of_a_normal_code_and_of_an_angle(
    whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The angle has two columns, cosine and sine, and nothing beyond a turn."""
    monkeypatch.setattr("tests.reporting.live_sample.WIDTH", WIDTH + 3)
    whole["live"] = live_sample(tmp_path, monkeypatch)
    whole["live"]["codes"] += [
        {"name": "turn", "kind": "angle"},
        {"name": "size", "kind": "normal", "mean": 1.0, "deviation": 0.5},
    ]
    live = found(whole, tmp_path)
    turn, size = live.sliders[2:]
    assert live.width == WIDTH + 3
    assert (turn.column, turn.columns, turn.circular) == (WIDTH, 2, True)
    assert (turn.least, turn.most, turn.start) == ("0", "6.28318530718", "0")
    assert (size.column, size.columns, size.circular) == (WIDTH + 2, 1, False)
    assert (size.low, size.high, size.least, size.most) == ("0", "2", "-1", "3")
    assert size.prior == "95 % of the prior 0 to 2"
    whole["live"]["codes"][3]["deviation"] = 0
    with pytest.raises(UserError, match=r"live\.codes\[3\].deviation"):
        read_live(Document.for_page(whole), tmp_path, Orders())
