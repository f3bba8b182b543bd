"""What a command prints, and the one line that it fails with."""

import json
from typing import Any

from click.testing import CliRunner, Result

from infoeval.cli import main

__all__ = ["fails", "infoeval", "of_json", "succeeds"]


def infoeval(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)


def succeeds(*arguments: object, **environment: str) -> Result:
    result = infoeval(*arguments, **environment)
    assert result.exit_code == 0, result.output
    return result


def fails(*arguments: object, **environment: str) -> str:
    """The one line after "Error:" of a command that the user got wrong."""
    result = infoeval(*arguments, **environment)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.startswith("Error:")] == lines[-1:]
    assert "Traceback" not in result.stderr
    return lines[-1]


def of_json(result: Result) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the JSON")

    return json.loads(result.stdout, parse_constant=refuse)
