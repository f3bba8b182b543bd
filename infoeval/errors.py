"""The error that users can correct themselves, and messages of one line."""


class UserError(Exception):
    """An error that the user can correct: one clear line, no traceback, exit code 2.

    The command line prints the message after ``Error:``; in Python it is an ordinary exception.
    """


def one_line(error: BaseException) -> str:
    """Return an error's message in one line, or its class if it has none.

    >>> one_line(ValueError("first\\nsecond")), one_line(EOFError())
    ('first second', 'EOFError')
    """
    return " ".join(str(error).split()) or type(error).__name__
