"""The error that users can correct themselves, and text for messages of one line."""

import difflib
import re
from collections.abc import Collection, Sequence

LISTED = 10
"""Names that a message lists."""
LONGEST = 200
"""Most characters that a message repeats of a text from elsewhere."""

# Control characters, marks of the direction of text, line separators and surrogates: a terminal
# would execute them, or could not print them.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_LONG_WORD = re.compile(rf"\S{{{LONGEST + 1},}}")


class UserError(Exception):
    """An error that the user can correct: one clear line, no traceback, exit code 2.

    The command line prints the message after ``Error:``; in Python it is an ordinary exception.
    Whatever the message repeats of files, it is one line without control characters, whose words
    have at most 200 characters.

    >>> str(UserError("no metric \\x1b[31mmig\\nand no end"))
    'no metric \\\\x1b[31mmig and no end'
    """

    def __init__(self, message: object) -> None:
        line = printable(" ".join(str(message).split()))
        super().__init__(_LONG_WORD.sub(lambda word: shown(word.group()), line))


def printable(text: str) -> str:
    r"""Return a text with its control characters replaced by escape sequences.

    >>> print(printable("a\x1b[2Jb\u202ec"))
    a\x1b[2Jb\u202ec
    """
    return _UNPRINTABLE.sub(lambda match: ascii(match.group())[1:-1], text)


def shown(value: object) -> str:
    """Return the text of a value in one printable line of at most 200 characters.

    >>> shown("two\\nlines"), shown("a" * 1000) == "a" * 140 + " … " + "a" * 57
    ('two lines', True)
    """
    whole = str(value)
    text = printable(" ".join(whole[: 10 * LONGEST].split()))
    if len(text) <= LONGEST and len(whole) <= 10 * LONGEST:
        return text
    end = printable(" ".join(whole[-LONGEST:].split()))
    return f"{text[:140]} … {end[-57:]}"


def quoted(value: object) -> str:
    """Return a value as Python writes it, in one line of at most 200 characters.

    >>> quoted("two\\nlines")
    "'two\\\\nlines'"
    """
    return shown(repr(value))


def listing(names: Sequence[object]) -> str:
    """Return the first ten of some names, and how many more there are.

    >>> listing(["a", "b"]), listing(range(13))
    ('a, b', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 3 more')
    """
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(map(shown, names[:LISTED])) + more


def one_line(error: BaseException) -> str:
    """Return an error's message in one line of at most 200 characters, or its class if it has none.

    >>> one_line(ValueError("first\\nsecond")), one_line(EOFError())
    ('first second', 'EOFError')
    """
    try:
        return shown(error) or type(error).__name__
    except Exception:  # it is a stranger's code that describes a stranger's error
        return type(error).__name__


def described(error: BaseException) -> str:
    """Return an error's class and its message, if it has one, in one line.

    >>> described(ValueError("first\\nsecond")), described(EOFError())
    ('ValueError: first second', 'EOFError')
    """
    name, message = type(error).__name__, one_line(error)
    return name if message == name else f"{name}: {message}"


def unknown(what: str, name: object, known: Collection[str]) -> str:
    """Return the message about an unknown name: the closest known one, and all of them.

    >>> unknown("no metric", "migg", ["mig", "dci"])
    "no metric 'migg' (did you mean 'mig'?); there are mig, dci"
    """
    return f"{what} {did_you_mean(name, known)}; there are {', '.join(known) or 'none'}"


def did_you_mean(name: object, known: Collection[str]) -> str:
    """Return the quoted name, with a hint to the closest known name, if there is one.

    >>> did_you_mean("Fashion-MNIST", ["mnist", "fashion_mnist"]), did_you_mean(3, ["mnist"])
    ("'Fashion-MNIST' (did you mean 'fashion_mnist'?)", '3')
    """
    plain = {_plain(other): other for other in known}
    close = difflib.get_close_matches(_plain(str(name)[:LONGEST]), plain, n=1)
    hint = f" (did you mean {plain[close[0]]!r}?)" if close else ""
    return f"{quoted(name)}{hint}"


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
