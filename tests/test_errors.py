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


def test_no_names_at_all() -> None:
    assert unknown("no code called", "a", []) == "no code called 'a'; there are none"
