import ast
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import infoeval.report
from infoeval.errors import UserError
from infoeval.report import render, write
from tests.report.reading import Reading
from tests.report.sample import MATCHING, confusion, sample, without_extras

HOSTILE = "<script>alert(1)</script> \"'&amp; $x$ $\\frac{ {{ 7*7 }} ]]> \x00\ud800"
HOSTILE_AS_SHOWN = HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


def test_same_input_gives_the_same_bytes(document: dict[str, Any], folder: Path, page: str) -> None:
    again = json.loads(json.dumps(document))
    assert render(again, folder) == page


def test_page_does_not_depend_on_where_its_images_lie(tmp_path: Path, page: str) -> None:
    assert render(sample(tmp_path), tmp_path) == page


def test_page_does_not_depend_on_matplotlib_settings(
    document: dict[str, Any], folder: Path, page: str
) -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        assert render(document, folder) == page


def test_page_refers_to_nothing_outside_itself(page: str) -> None:
    reading = Reading(page)
    assert not reading.all("script", "link", "iframe", "object", "embed", "base", "form")
    for element in reading.elements:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (element.tag, name)
            if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
                assert value is not None
                assert value.startswith(("#", "data:image/png;base64,")), value[:60]
    assert "http" not in page.split("<body>")[1]
    assert "@import" not in page
    assert "url(" not in page.split("</style>")[0]


def test_page_forbids_itself_the_network(page: str) -> None:
    policies = [
        meta.attributes["content"]
        for meta in Reading(page).all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_links_and_drawings_refer_to_names_that_exist_once(page: str) -> None:
    reading = Reading(page)
    names = [e.attributes["id"] for e in reading.elements if "id" in e.attributes]
    assert len(names) == len(set(names))
    for element in reading.elements:
        target = element.attributes.get("href") or ""
        clip = (element.attributes.get("clip-path") or "").removeprefix("url(").rstrip(")")
        for reference in (target, clip):
            if reference.startswith("#"):
                assert reference[1:] in names


def test_headings_are_in_order(page: str) -> None:
    levels = [int(heading.tag[1]) for heading in Reading(page).all("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_sections_stand_in_the_order_a_reader_needs_them(page: str) -> None:
    sections = [section.attributes["id"] for section in Reading(page).all("section")]
    assert sections == [
        *("verdict", "bars", "confusion", "traversals"),
        *("curves", "results", "provenance", "limits"),
    ]


def test_page_can_be_read_without_eyes(page: str) -> None:
    reading = Reading(page)
    assert reading.all("html")[0].attributes["lang"] == "en"
    assert all(image.attributes["alt"] for image in reading.all("img"))
    assert all(
        drawing.attributes["role"] == "img" and drawing.attributes["aria-label"]
        for drawing in reading.all("svg")
    )
    assert all("scope" in cell.attributes for cell in reading.all("th"))
    assert len(reading.all("table")) == len(reading.all("caption"))


def test_drawings_leave_their_colours_to_the_page(page: str) -> None:
    drawings = "".join(part.split("</svg>")[0] for part in page.split("<svg")[1:])
    assert "var(--ink)" in drawings
    assert "#0101" not in drawings
    style = page.split("</style>")[0]
    for name in ("ink", "grid", "subject", "baseline", "strong", "on-middle", "on-strong"):
        assert style.count(f"--{name}:") == 3, "light, dark and print"


def test_verdict_says_what_each_code_carries(page: str) -> None:
    text = Reading(page).text
    assert (
        "digit: 2.30 of 2.30 nats (99.9 %) are read back by the checkpoint's own Q: "
        "the generator writes this code into its images" in text
    )
    assert "In the twin, λ = 0: 0.03 of 2.30 nats (1 %)." in text
    assert "slant: 1.21 nats are read back" in text
    assert "telling 3.4 equally likely ranges" in text
    assert "a lower bound on I(c; x)" in text
    assert "Code k is not class k" in text


def test_verdict_says_how_real_images_cluster(page: str) -> None:
    text = Reading(page).text
    assert "5.9 % error on 10,000 real images (mnist test; 95 % interval 5.4 to 6.3 %)" in text
    assert "One run, one seed (seed 0)" in text
    matching = ", ".join(f"{code} → {cls}" for code, cls in enumerate(MATCHING))
    assert f"Code → class of digit: {matching}" in text
    assert "One-to-one accuracy94.1 % 93.7 % to 94.6 %" in text
    assert "Many-to-one accuracy94.7 % 94.2 % to 95.2 %" in text


def test_every_result_is_on_the_page_exactly(document: dict[str, Any], page: str) -> None:
    shown = [float(data.attributes["value"] or "") for data in Reading(page).all("data")]
    expected = []
    for mine, twins in zip(document["results"], document["baseline"]["results"], strict=True):
        expected += [mine["value"], twins["value"]]
    assert shown == expected


def test_counts_stand_in_hungarian_and_in_raw_order(page: str) -> None:
    rows = [
        row.text.split()
        for row in Reading(page).all("tr")
        if row.text.split()[:1] == ["code"] and len(row.text.split()) > 10
    ]
    counts = confusion(0.0588)
    raw = [["code", str(code), str(MATCHING[code]), *map(str, counts[code])] for code in range(10)]
    hungarian = [raw[MATCHING.index(cls)] for cls in range(10)]
    assert rows == hungarian + raw


def test_grids_of_both_models_stand_side_by_side(document: dict[str, Any], page: str) -> None:
    alts = [image.attributes["alt"] or "" for image in Reading(page).all("img")]
    assert len(alts) == len(document["images"]) == 10
    assert ["λ = 1" in alt for alt in alts] == [True, False] * 5
    assert "slant from -2 to 2" in alts[4]


def test_provenance_names_command_checkpoint_data_and_configuration(page: str) -> None:
    text = Reading(page).text
    for fact in (
        "infoeval report runs/mnist/checkpoint.pt --baseline runs/mnist-gan",
        "9f3c" * 16,
        "77ab" * 16,
        "5b" * 32,
        "Linux-6.1-x86_64",
        "180 s",
        '"discriminator": 0.0002',
        "needs factors of variation, and mnist has labels only",
    ):
        assert fact in text


def test_hostile_names_stay_text(folder: Path, document: dict[str, Any]) -> None:
    document["codes"][0]["name"] = HOSTILE
    document["codes"][0]["description"] = HOSTILE
    document["results"][0]["target"] = HOSTILE
    document["results"][0]["settings"] = {HOSTILE: HOSTILE}
    document["results"][3]["target"] = HOSTILE
    document["results"][3]["details"]["class_names"] = [f"{HOSTILE}{cls}" for cls in range(10)]
    document["history"][f"information_{HOSTILE}"] = document["history"]["information_digit"]
    document["training"]["config"] = {HOSTILE: [HOSTILE]}
    document["environment"][HOSTILE] = HOSTILE
    document["skipped"] = [{"metric": HOSTILE, "reason": HOSTILE}]
    document["command"] = document["created"] = HOSTILE
    document["data"]["name"] = document["subject"]["trainer"] = HOSTILE
    for image in document["images"]:
        image |= {"code": HOSTILE, "title": HOSTILE, "caption": HOSTILE}
        image["column_labels"] = [HOSTILE] * 10
    page = render(document, folder)
    page.encode("utf-8")
    reading = Reading(page)
    assert not reading.all("script")
    assert "49" not in reading.all("h1")[0].text
    shown = " ".join(HOSTILE_AS_SHOWN.split())
    assert f"What the codes of {shown} mean" in reading.text
    assert reading.text.count(shown) > 40
    in_drawings = [text.text for text in reading.all("text") if "script" in text.text]
    assert len(in_drawings) >= 12
    assert all("<script>" in text for text in in_drawings)
    assert all("\x00" not in element.text for element in reading.elements)


def test_mathematics_in_a_name_is_not_typeset(folder: Path, document: dict[str, Any]) -> None:
    bare = without_extras(document)
    bare["codes"][0]["name"] = bare["results"][0]["target"] = "$x^2$ \\alpha $"
    texts = [text.text for text in Reading(render(bare, folder)).all("text")]
    assert any(text.startswith("$x^2$ \\alpha $") for text in texts)


def test_bare_run_leaves_sections_out(folder: Path, document: dict[str, Any]) -> None:
    reading = Reading(render(without_extras(document), folder))
    sections = [section.attributes["id"] for section in reading.all("section")]
    assert sections == ["verdict", "bars", "results", "provenance", "limits"]
    assert "There is no λ = 0 twin" in reading.text
    assert "Not measured here: it takes labelled images" in reading.text
    assert len(reading.all("svg")) == 1


def test_run_without_any_result_still_has_a_page(folder: Path, document: dict[str, Any]) -> None:
    bare = without_extras(document) | {"results": [], "skipped": []}
    reading = Reading(render(bare, folder))
    assert "was not measured" in reading.text
    assert not reading.all("svg")
    assert "holds no result" in reading.text


def test_numbers_that_are_none_never_reach_the_reader(
    folder: Path, document: dict[str, Any]
) -> None:
    document["baseline"]["results"][0]["value"] = float("nan")
    document["results"][1] |= {"value": float("inf"), "low": None, "high": None}
    document["history"]["information_slant"] = [float("nan")] * 151
    document["history"]["generator_loss"][3:7] = [float("inf"), None, float("nan"), None]
    text = Reading(render(document, folder)).text
    words = set(text.lower().replace("(", " ").split())
    assert not words & {"nan", "inf", "none", "infinity", "−inf"}
    assert "slant: what the checkpoint's own Q reads back was not measured." in text
    assert "L_I of slant" not in text
    assert "L_I of width" in text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2.3025, "2.30 of 2.30 nats (100 %) are read back"),
        (1.6, "1.60 of 2.30 nats (69 %) are read back"),
        (1.6, "the larger part of the code, not all of it"),
        (0.5, "a smaller part of the code. Either the generator leaves it unused"),
        (0.02, "almost nothing. Either the generator leaves it unused, or Q has not learnt"),
        (-0.3, "−0.30 of 2.30 nats (below 0 %)"),
        (-0.3, "nothing. A lower bound at or below zero shows no information"),
    ],
)
def test_verdict_fits_the_value(
    folder: Path, document: dict[str, Any], value: float, words: str
) -> None:
    bare = without_extras(document)
    bare["results"][0] |= {"value": value, "low": value, "high": value}
    text = Reading(render(bare, folder)).text
    assert words in text
    assert ("writes this code into its images" in text) == (value > 2.2)


def test_twin_that_differs_in_more_than_its_weight_is_called_out(
    folder: Path, document: dict[str, Any]
) -> None:
    bare = without_extras(document)
    bare["baseline"] = {"subject": document["baseline"]["subject"], "results": []}
    bare["baseline"]["subject"] |= {"seed": 4, "step": 1000}
    text = Reading(render(bare, folder)).text
    assert "differs in more than λ: seed 4 instead of 0, step 1000 instead of 3000." in text
    assert "In the twin" not in text.split("How sure this is")[0].replace("Not measured in", "")


def test_unmatched_codes_come_last_and_say_so(folder: Path, document: dict[str, Any]) -> None:
    bare = without_extras(document)
    clusters = document["results"][3]
    clusters["details"] |= {
        "confusion": [[0, 9], [2, 1], [8, 0]],
        "matching": [1, -1, 0],
        "class_names": ["cat", "dog"],
    }
    bare["results"].append(clusters)
    reading = Reading(render(bare, folder))
    assert "0 → dog, 1 → none, 2 → cat" in reading.text
    rows = [row.text.split()[1:3] for row in reading.all("tr") if row.text.split()[0] == "code"]
    assert rows[:3] == [["2", "cat"], ["0", "dog"], ["1", "none"]]


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
    allowed = ("infoeval.report", "infoeval.errors", "infoeval.files", "infoeval.content")
    (package,) = infoeval.report.__path__
    for path in Path(package).glob("*.py"):
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
