"""What one line says of a name that there is not."""

import pytest

from infoeval.errors import UserError, did_you_mean, unknown


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("migg", ["mi", "mig"], "'migg' (did you mean 'mig'?)"),
        ("MIG_SUP", ["mig", "mig-sup"], "'MIG_SUP' (did you mean 'mig-sup'?)"),
        ("xyzzy", ["mi", "mig"], "'xyzzy'"),
        (None, ["mig"], "None"),
        (3, ["mig"], "3"),
    ],
)
def test_a_close_name_is_suggested(name: object, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


def test_a_strangers_name_is_short_and_printable() -> None:
    message = str(UserError(unknown("no metric", "\x1b[31m" + "a" * 10_000, ["mig"])))
    assert message.startswith(r"no metric '\x1b[31ma")
    assert message.endswith("; there are mig")
    assert len(message) < 300


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("one\ntwo\r\n  three", "one two three"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\u202eb\u2066c\ud800", r"a\u202eb\u2066c\ud800"),
        ("größe 数字 λ", "größe 数字 λ"),
    ],
)
def test_a_message_is_one_line_that_a_terminal_only_shows(given: str, line: str) -> None:
    assert str(UserError(given)) == line


def test_a_word_without_end_is_cut_in_its_middle() -> None:
    message = str(UserError("cannot read " + "/" + "a" * 5000 + "/end.pt: no such file"))
    assert message.startswith("cannot read /aaa")
    assert message.endswith("/end.pt: no such file")
    assert len(message) < 300


def test_no_names_at_all() -> None:
    assert unknown("no code called", "a", []) == "no code called 'a'; there are none"
