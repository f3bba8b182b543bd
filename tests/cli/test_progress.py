"""What is shown to whoever waits."""

import io

import pytest
from rich.console import Console

from infoeval.cli import progress
from infoeval.cli.terminal.screen import Terminal


def test_lines_elsewhere_are_few(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with progress.activity(Console(file=io.StringIO())) as say:
        for step in range(100):
            now[0] = step * 0.5
            say(f"training Q, missing ≤ {step}", step / 100)
        say("scoring", None)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "training Q",
        *(
            f"training Q, missing ≤ {step} ({step}%, about {(100 - step) // 2} s left)"
            for step in (20, 40, 60, 80)
        ),
        "scoring",
    ]


def test_a_terminal_has_a_bar_and_the_text() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    with progress.activity(console) as say:
        say("training Q, [/bold] L_I of all codes 1.2 nats", 0.25)
        say("reading", None)
        say("training Q, [/bold] L_I of all codes 1.3 nats", 0.75)
    assert "[/bold] L_I of all codes 1.3 nats" in shown.getvalue()
    assert "75%" in shown.getvalue()


def test_a_line_is_cut_at_no_thousands_comma_and_obeys_no_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress.activity(Console(file=io.StringIO())) as say:
        say("reading the codes of 1,438 images, 500 of 1,438", 0.3)
        say("a\x1b[2J.pt", None)
    assert capsys.readouterr().err == "reading the codes of 1,438 images\na\\x1b[2J.pt\n"


def test_a_terminal_shows_control_characters_and_does_not_obey() -> None:
    shown = io.StringIO()
    with progress.activity(Console(file=shown, force_terminal=True, width=100)) as say:
        say("a\x1b[31mb\x07", None)
    assert r"a\x1b[31mb\x07" in shown.getvalue()
    assert "\x07" not in shown.getvalue()


def test_a_terminal_of_ascii_has_a_bar_of_ascii() -> None:
    shown = io.TextIOWrapper(io.BytesIO(), "ascii")
    with progress.activity(Terminal(file=shown, force_terminal=True, width=100)) as say:
        say("λ of 字", 0.25)
    shown.seek(0)
    text = shown.read()
    assert "lambda of \\u5b57" in text
    assert "--" in text
