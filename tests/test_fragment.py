"""Tables for notebooks: inert, of bounded length, with a drawing that has the numbers' places."""

import re
from xml.etree import ElementTree

from infoeval.fragment import fragment

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def test_all_text_is_escaped() -> None:
    html = fragment(HOSTILE, [HOSTILE], [[HOSTILE]], [(0.5, 0.4, 0.6)], [HOSTILE])
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") == 4
    ElementTree.fromstring(html)  # every tag is closed


def test_a_long_table_is_cut_and_says_so() -> None:
    html = fragment("t", ["k"], [[str(number)] for number in range(1000)])
    assert html.count("<tr>") == 41
    assert "960 more rows" in html


def test_the_drawing_has_the_value_between_its_limits() -> None:
    html = fragment("t", ["k"], [["a"], ["b"], ["c"]], [(0.5, 0.25, 0.75), None, (1.0, None, None)])
    assert html.count("<svg") == 2
    bars = re.findall(r'<line x1="([0-9.]+)" x2="([0-9.]+)"[^>]*stroke="#0072b2"', html)
    dots = [float(at) for at in re.findall(r'cx="([0-9.]+)"', html)]
    assert [tuple(map(float, bar)) for bar in bars] == [(32.0, 88.0)]
    assert dots == [60.0, 116.0]


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    html = fragment("t", ["k", "v"], [["mig", "0.25"], ["sap", "-0.1"]])
    assert html.count("text-align:right") == 2
    assert html.count("text-align:left") == 4
