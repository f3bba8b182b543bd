"""The page as a whole: what it may not do, and that it is the same for the same input."""

import ast
import base64
import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

import infoeval.reporting
import infoeval.reporting.sections
from infoeval.errors import UserError
from infoeval.reporting import render, write
from infoeval.reporting.live_generator import CodeSlider, DataBlock, Live, LiveGenerator
from tests.reporting.live_sample import live_sample
from tests.reporting.reading import read
from tests.reporting.sample import without_extras
from tests.reporting.several import light

HOSTILE = "</script><script>alert(1)</script> \"'&amp; $x$ $\\frac{ {{ 7*7 }} ]]> \x00\ud800"
HOSTILE_AS_SHOWN = HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


@pytest.mark.parametrize("which", ["page", "seeds_page", "comparison_page"])
def test_page_refers_to_nothing_outside_itself(which: str, request: pytest.FixtureRequest) -> None:
    page: str = request.getfixturevalue(which)
    reading = read(page)
    assert not reading.all("link", "iframe", "object", "embed", "base", "form")
    assert len(reading.all("script")) == 1
    for element in reading.elements:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (element.tag, name)
            if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
                assert value is not None
                assert value.startswith(("#", "data:image/png;base64,", "data:image/webp;base64,"))
    assert "http" not in page.split("<body")[1]
    assert "@import" not in page
    assert "url(" not in page.split("</style>")[0]


def test_policy_allows_the_pages_own_script_only(page: str) -> None:
    script = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert _policy(page) == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_page_without_anything_to_move_has_no_script(
    folder: Path, document: dict[str, Any]
) -> None:
    page = render(without_extras(document), folder)
    assert "<script" not in page
    assert "script-src" not in page


def test_live_generator_may_run_its_own_scripts(
    folder: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Markup("let a = 1 < 2 && '</p>';\n")
    live = LiveGenerator(
        entry=Live.model_validate(live_sample(folder, monkeypatch)),
        sliders=[CodeSlider("digit", 0, 10, False, "prior", "0", "9", "0", "9", "1", "0")],
        width=10,
        runtime="runtime",
        license="licence",
        runtime_blocks=[DataBlock("live-script", Markup("AAAA"))],
        model_blocks=[DataBlock("live-model", Markup("BBBB"))],
        script=script,
    )
    monkeypatch.setattr(infoeval.reporting.sections, "read_live", lambda *given: live)
    bare = without_extras(document)
    page = render(bare, folder)
    assert _sections(page) == [
        *("verdict", "information", "sliders", "results", "provenance", "limits")
    ]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    expected = f"script-src 'sha256-{digest}' 'wasm-unsafe-eval' blob:; base-uri 'none'"
    assert expected in _policy(page)
    assert f"<script>{script}</script>" in page


def test_every_picture_is_embedded_once(page: str) -> None:
    addresses = [image.attributes["src"] for image in read(page).all("img")]
    assert len(addresses) == len(set(addresses)) > 50


def test_links_and_drawings_refer_to_names_that_exist_once(page: str) -> None:
    reading = read(page)
    names = [e.attributes["id"] for e in reading.elements if "id" in e.attributes]
    assert len(names) == len(set(names))
    for element in reading.elements:
        target = element.attributes.get("href") or ""
        clip = (element.attributes.get("clip-path") or "").removeprefix("url(").rstrip(")")
        for reference in (target, clip):
            if reference.startswith("#"):
                assert reference[1:] in names
        for attribute in ("for", "aria-labelledby"):
            assert element.attributes.get(attribute, names[0]) in names


@pytest.mark.parametrize("which", ["page", "seeds_page", "comparison_page"])
def test_headings_are_in_order(which: str, request: pytest.FixtureRequest) -> None:
    reading = read(request.getfixturevalue(which))
    levels = [int(heading.tag[1]) for heading in reading.all("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_sections_stand_in_the_order_a_reader_needs_them(page: str, seeds_page: str) -> None:
    common = ["verdict", "information", "traversals", "sliders", "animations", "gallery"]
    common += ["confusion", "learning", "training"]
    last = ["results", "provenance", "limits"]
    assert _sections(page) == [*common, "leakage", *last]
    assert _sections(seeds_page) == [*common, "seeds", "leakage", *last]


def test_differences_come_right_after_the_information(comparison_page: str) -> None:
    assert _sections(comparison_page)[:3] == ["verdict", "information", "differences"]


def test_contents_list_what_is_there(page: str, folder: Path, document: dict[str, Any]) -> None:
    for each in (page, render(without_extras(document), folder)):
        contents = each.split("<nav")[1].split("</nav>")[0]
        links = [link.attributes["href"] for link in read(contents).all("a")]
        assert links == [f"#{section}" for section in _sections(each)]


def test_page_can_be_read_without_eyes(page: str) -> None:
    reading = read(page)
    assert reading.all("html")[0].attributes["lang"] == "en"
    assert all(image.attributes["alt"] for image in reading.all("img"))
    assert all(
        drawing.attributes["role"] == "img" and drawing.attributes["aria-label"]
        for drawing in reading.all("svg")
    )
    assert all("scope" in cell.attributes for cell in reading.all("th"))
    assert len(reading.all("table")) == len(reading.all("caption"))
    labelled = {label.attributes.get("for") for label in reading.all("label")}
    ranges = [e for e in reading.all("input") if e.attributes["type"] == "range"]
    assert ranges
    assert all(each.attributes["id"] in labelled for each in ranges)


def test_every_drawing_has_a_table(page: str) -> None:
    figures = page.split("<figure")[1:]
    drawn = [figure.split("</figure>")[0] for figure in figures if "<svg" in figure]
    assert len(drawn) > 10
    assert all("<table" in figure for figure in drawn)


def test_small_drawings_have_one_key_for_all(page: str) -> None:
    for section, groups in (("learning", 2), ("training", 1)):
        part = page.split(f'<div id="{section}"')[1].split("</section>")[0]
        assert part.count('<ul class="key"') == 1
        assert part.count('<div class="panels">') == groups
        panels = part.split('<div class="panels">', 1)[1]
        drawn = [drawing.split("</svg>")[0] for drawing in panels.split("<svg")[1:]]
        assert len(drawn) > 4
        assert not any(">H(c)<" in each or "λ = 1" in each for each in drawn)
    titles = [heading.text for heading in read(page).all("h3")]
    assert {"Learning curves", "Pixel noise"} <= set(titles)


def test_drawings_leave_their_colours_to_the_page(page: str) -> None:
    drawings = "".join(part.split("</svg>")[0] for part in page.split("<svg")[1:])
    assert "var(--ink)" in drawings
    assert "#0101" not in drawings
    style = page.split("</style>")[0]
    from infoeval.reporting.svg import COLOURS

    light, _, rest = style.partition("@media screen and (prefers-color-scheme: dark) {")
    for name in COLOURS:
        assert f"--{name}:" in light, f"{name} on light pages and on paper"
        assert f"--{name}:" in rest.split("\n}\n")[0], f"{name} on dark pages"


def test_information_is_on_the_page_exactly(document: dict[str, Any], page: str) -> None:
    shown = {float(data.attributes["value"] or "nan") for data in read(page).all("data")}
    for model in (document, *document["models"]):
        for result in model["results"]:
            if result["metric"] in ("mi", "mi-own") and result["target"] != "all codes":
                assert result["value"] in shown, (result["metric"], result["target"])


def test_provenance_names_command_checkpoints_data_and_configuration(page: str) -> None:
    text = read(page).text
    for fact in (
        "infoeval report runs/mnist/ckpt.pt --baseline runs/mnist-gan",
        "9f3c" * 16,
        "77ab" * 16,
        "5b" * 32,
        "Linux-6.1-x86_64",
        "180 s",
        '"discriminator": 0.0002',
        "needs two factors or more",
    ):
        assert fact in text


def test_every_seed_is_on_the_page(seeds_page: str) -> None:
    text = read(seeds_page).text
    alts = [image.attributes["alt"] or "" for image in read(seeds_page).all("img")]
    for seed in range(5):
        assert f"runs/seed-{seed}/ckpt.pt" in text or seed == 0
        assert any(f"seed {seed}, noise" in alt for alt in alts)
    assert text.count("five other models") == 2 * 3, "of each code, and what unfolds them"
    assert "highest mean agreement with the others, without labels" in text


def test_hostile_names_stay_text(folder: Path, document: dict[str, Any]) -> None:
    # The codes as the results name them.
    document = _renamed(document, {"digit": HOSTILE, "mnist": HOSTILE})
    document["codes"][0]["description"] = HOSTILE
    document["results"][0]["settings"] = {HOSTILE: HOSTILE}
    document["training"]["config"] = {HOSTILE: [HOSTILE]}
    document["environment"][HOSTILE] = HOSTILE
    document["skipped"] = [{"metric": HOSTILE, "reason": HOSTILE}]
    document["command"] = document["created"] = HOSTILE
    for image in document["images"]:
        image |= {key: HOSTILE for key in ("title", "caption") if key in image}
        if "column_labels" in image:
            image["column_labels"] = [HOSTILE] * image["columns"]
        for slider in image.get("codes", ()):
            slider["labels"] = [HOSTILE] * len(slider["values"])
    for result in document["results"]:
        if "class_names" in result["details"]:
            result["details"]["class_names"] = [f"{HOSTILE}{cls}" for cls in range(10)]
    page = render(document, folder)
    page.encode("utf-8")
    reading = read(page)
    assert len(reading.all("script")) == 1
    assert "49" not in reading.all("h1")[0].text
    shown = " ".join(HOSTILE_AS_SHOWN.split())
    assert f"What the codes of {shown} mean" in reading.text
    assert reading.text.count(shown) > 40
    in_drawings = [text.text for text in reading.all("text") if "script" in text.text]
    assert len(in_drawings) >= 10
    assert all("\x00" not in element.text for element in reading.elements)
    for slider in reading.all("input"):
        if slider.attributes["type"] == "range":
            labels = json.loads(slider.attributes["data-labels"] or "")
            assert set(labels) == {HOSTILE_AS_SHOWN}


def test_of_very_many_codes_the_first_are_drawn(
    page: str, folder: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "are drawn; metrics.json" not in page
    monkeypatch.setattr(infoeval.reporting.sections, "MOST_DRAWN", 1)
    page = render(document | {"images": []}, folder)
    # Of the training: a panel a code and one of the losses.
    count = len(document["codes"]) + 1
    assert f"The first 1 of {count} are drawn; metrics.json has the numbers of all." in page


def test_two_codes_of_one_name_are_refused(folder: Path, document: dict[str, Any]) -> None:
    document["codes"] = [*document["codes"], document["codes"][0]]
    with pytest.raises(UserError, match="codes of different names"):
        render(document, folder)


def test_mathematics_in_a_name_is_not_typeset(folder: Path, document: dict[str, Any]) -> None:
    bare = without_extras(document)
    bare["results"][0]["target"] = "$x^2$ \\alpha $"
    texts = [text.text for text in read(render(bare, folder)).all("text")]
    assert any(text.startswith("$x^2$ \\alpha $") for text in texts)


def test_bare_document_leaves_sections_out(folder: Path, document: dict[str, Any]) -> None:
    page = render(without_extras(document), folder)
    assert _sections(page) == ["verdict", "information", "results", "provenance", "limits"]


def test_document_without_any_result_still_has_a_page(
    folder: Path, document: dict[str, Any]
) -> None:
    bare = without_extras(document) | {"results": [], "skipped": []}
    reading = read(render(bare, folder))
    assert "No number here is about a single code. metrics.json has no results." in reading.text
    assert not reading.all("svg")
    assert "has no results" in reading.text


def test_page_says_what_was_not_compared_with_chance(page: str) -> None:
    text = read(page).text
    assert "Metrics that were not compared with chance, and why" in text
    assert "takes minutes a table" in text


def test_too_few_rows_are_said_on_the_page(folder: Path, document: dict[str, Any]) -> None:
    sentence = "1.3 rows for each cell of digit × slant: too few to count."
    for result in document["results"]:
        if result["target"] == "digit × slant":
            result["details"]["sparse"] = sentence
    text = read(render(document | {"images": []}, folder)).text
    assert "Too few rows" in text
    assert sentence in text


def test_a_score_of_some_of_the_rows_says_so(folder: Path, document: dict[str, Any]) -> None:
    sentence = "50,000 of 90,000 rows, drawn at random (most_rows)"
    document["results"][-1]["details"]["sampled"] = sentence
    name = document["results"][-1]["metric"]
    text = read(render(light(document | {"images": []}), folder)).text
    assert re.search(rf"Rows\s+{re.escape(name)}\S*: {re.escape(sentence)}", text)


def test_fewer_rows_than_images_are_said(folder: Path, document: dict[str, Any]) -> None:
    document["data"] |= {"n": 10_000, "rows": 500}
    said = "10,000 images (500 of them for metrics of codes and factors)"
    assert said in read(render(light(document | {"images": []}), folder)).text


def test_a_table_holds_rows_not_images(folder: Path, document: dict[str, Any]) -> None:
    bare = without_extras(document) | {"subject": {"codes": "codes.npz"}}
    bare["data"] = {"name": "codes.npz", "split": "rows", "n": 1_438}
    heads = [head.text.strip() for head in read(render(bare, folder)).all("th", "dt")]
    assert "Rows" in heads
    assert not {"Images", "Split scored"} & set(heads)


def test_matching_to_the_scored_rows_is_said_in_its_row(
    page: str, folder: Path, document: dict[str, Any]
) -> None:
    assert "the same rows" not in read(page).text
    for result in document["results"]:
        if result["metric"] == "cluster-acc":
            result["details"]["matching_fitted_on"] = "the scored rows"
    heads = [
        head.text.strip()
        for head in read(render(light(document | {"images": []}), folder)).all("th")
    ]
    assert "cluster-acc of digit (fitted on the same rows) ↑" in heads


def test_numbers_that_are_none_never_reach_the_reader(
    folder: Path, document: dict[str, Any]
) -> None:
    document["models"][0]["results"][0]["value"] = float("nan")
    for result in document["results"]:
        if result["metric"] in ("mi", "mi-own") and result["target"] == "slant":
            result |= {"value": float("inf"), "low": None, "high": None}
    document["history"]["information_slant"] = [float("nan")] * len(document["history"]["step"])
    document["history"]["generator_loss"][3:7] = [float("inf"), None, float("nan"), None]
    text = read(render(document, folder)).text
    words = set(text.lower().replace("(", " ").split())
    assert not words & {"nan", "inf", "infinity", "−inf"}
    assert "It has no estimate of its information" in text


def test_write_makes_the_file_whole(tmp_path: Path, document: dict[str, Any], folder: Path) -> None:
    bare = without_extras(document)
    write(bare, folder, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == render(bare, folder).encode()
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_write_leaves_an_old_page_alone_when_it_fails(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    with pytest.raises(UserError):
        write({"schema_version": 1}, folder, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "old"


def test_report_knows_metrics_json_and_nothing_else_of_infoeval() -> None:
    ours = ("report", "results", "errors", "files", "content")
    allowed = tuple(f"infoeval.{name}" for name in ours)
    (package,) = infoeval.reporting.__path__
    for path in Path(package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom) and node.module == "infoeval":
                modules = [f"infoeval.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                assert module.split(".")[0] != "torch", path.name
                assert not module.startswith("infoeval") or module.startswith(allowed), path.name


def _policy(page: str) -> str:
    (policy,) = (
        meta.attributes["content"]
        for meta in read(page).all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    return policy or ""


def _sections(page: str) -> list[str | None]:
    names = [section.attributes["aria-labelledby"] for section in read(page).all("section")]
    return [name.removesuffix("-title") for name in names if name]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """Copy plain data with some texts replaced, wherever they stand alone."""
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
