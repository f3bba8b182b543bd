"""The error that users can correct themselves."""

__all__ = ["UserError"]


class UserError(Exception):
    """An error that the user can correct: one clear line, no traceback, exit code 2.

    The command line prints the message after ``Error:``; in Python it is an ordinary exception.
    """
