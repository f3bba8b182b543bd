"""FILE.py:FUNCTION, perhaps with arguments: what the function returns."""

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infoeval.errors import UserError, shown, unknown
from infoeval.python_files import run_file, user_code

LONGEST_CALL = 10_000
"""Characters of a function with its arguments."""


def names_function(text: str) -> bool:
    """Whether FILE.py:FUNCTION is meant, even where the function is missing or no name.

    >>> [names_function(text) for text in ("vae.py:encoder", "vae.py", "ckpt.pt", "a.py:1/ckpt.pt")]
    [True, True, False, False]
    >>> names_function("vae.py:encoder('weights/vae.pt', 3)")
    True
    """
    _, colon, call = text.partition(".py:")
    named = bool(colon) and not set(call.partition("(")[0]) & set("/\\")
    return text.endswith(".py") or named


def made_by_function(text: str) -> tuple[Any, Path]:
    """Return what FUNCTION of FILE.py returns, and the file, which is run as a program.

    ``FILE.py:FUNCTION`` calls it without arguments, ``FILE.py:FUNCTION(3, name="a")`` with these,
    which are plain values as Python writes them, or single words. Give only files that you would
    run yourself.

    Raises UserError where it fails.
    """
    name, _, call = text.partition(".py:")
    path = Path(f"{name}.py" if call else text)
    function, arguments, keywords = _parse_call(text, call)
    if not path.is_file():
        raise UserError(f"no Python file at {path}")
    with user_code(f"{text} failed" if "(" in call else f"{text}() failed"):
        module = run_file(path)
        make = getattr(module, function, None)
        if not callable(make):
            known = [name for name, item in vars(module).items() if inspect.isfunction(item)]
            raise UserError(unknown(f"{path} has no function", function, known))
        _check_arguments(make, arguments, keywords, text)
        return make(*arguments, **keywords), path


def _parse_call(text: str, call: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Return the name of a function, and the arguments of its call; nothing is evaluated.

    >>> _parse_call("", "encoder('vae.pt', sprites, size=[3, -1])")
    ('encoder', ['vae.pt', 'sprites'], {'size': [3, -1]})
    """
    if call.isidentifier():
        return call, [], {}
    file = text if text.endswith(".py") else text.partition(".py:")[0] + ".py"
    wrong = f"{text} is not a checkpoint; name a function, as in {file}:encoder"
    if "(" not in call or len(call) > LONGEST_CALL:
        raise UserError(wrong)
    try:
        node = ast.parse(call, mode="eval").body
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            raise UserError(wrong)
        keywords = {str(word.arg): _literal(word.value) for word in node.keywords}
        arguments = [_literal(argument) for argument in node.args]
        if any(word.arg is None for word in node.keywords):
            raise ValueError
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise UserError(
            f"{shown(text)}: arguments are plain values, as in {file}:encoder('vae.pt', size=3); "
            "nothing in them is evaluated"
        ) from None
    return node.func.id, arguments, keywords


def _literal(node: ast.expr) -> Any:
    """Return a plain value; a single word is taken as text, since shells remove quotes."""
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


def _check_arguments(
    make: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any], text: str
) -> None:
    """Raise UserError where a function does not take these arguments."""
    try:
        inspect.signature(make).bind(*arguments, **keywords)
    except TypeError as error:
        if arguments or keywords:
            raise UserError(f"{text}: the function does not take these ({error})") from None
        raise UserError(
            f"{text} takes arguments ({error}); give plain values, as in {text}('vae.pt', 3), or "
            "name a function of none"
        ) from None
    except ValueError:  # some functions written in C have no signature
        return
