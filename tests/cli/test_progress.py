"""What is shown to whoever waits."""

import io

import pytest
from rich.console import Console

from infoeval.cli import progress


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
        *(f"training Q, missing ≤ {step} ({step}%)" for step in (20, 40, 60, 80)),
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
