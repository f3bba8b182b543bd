"""The one kind of error that is the user's to mend."""

__all__ = ["UserError"]


class UserError(Exception):
    """Something the user can put right: one clear line, no traceback, exit code 2.

    The command line prints the message after ``Error:``; in Python it is an ordinary exception.
    """
