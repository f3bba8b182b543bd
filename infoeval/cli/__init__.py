"""The command line: each command parses, calls one function, and prints."""

import signal
import sys
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

import infoeval
from infoeval.cli import signals
from infoeval.cli.directions_command import directions
from infoeval.cli.doctor_command import doctor
from infoeval.cli.encode_command import encode
from infoeval.cli.failures import error_line, with_preflight_checks
from infoeval.cli.list_commands import data, list_metrics
from infoeval.cli.option_files import OptionFileGroup
from infoeval.cli.output import checked_output, note
from infoeval.cli.report_commands import report, traverse
from infoeval.cli.score_commands import compare, score
from infoeval.cli.train_command import train
from infoeval.cli.view_command import view
from infoeval.errors import UserError, printable

__all__ = ["main"]

USER_ERROR = 2


class Commands(OptionFileGroup):
    """A group whose user errors are one line and exit code 2, without a traceback."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command line; ends with one line where output cannot be written, or by a signal."""
        with checked_output(), signals.handled():
            return super().main(*arguments, **options)

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Remember the whole command line, for the report's provenance."""
        context.obj = ["infoeval", *args]
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(context)
        except click.ClickException as error:
            # It may repeat the name of a file; lines of its own has only a help text.
            if not isinstance(error, NoArgsIsHelpError):
                error.message = printable(error.message)  # type: ignore[misc]
            raise
        except KeyboardInterrupt:
            raise signals.EndedBySignal(signal.SIGINT) from None
        except Exception as error:
            message = error_line(error)
            if message is None:
                raise
            note(f"Error: {UserError(message)}")
            sys.exit(USER_ERROR)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(infoeval.__version__, prog_name="infoeval")
def main() -> None:
    """What each latent code of a generative model means, and how sure one can be.

    \b
    For example:
      infoeval train digits
      infoeval score runs/digits-000/ckpt.pt
      infoeval compare runs/digits-000/ckpt.pt runs/digits-001/ckpt.pt
      infoeval report runs/digits-000/ckpt.pt -o report.html
    """


COMMANDS = (
    *(
        train,
        score,
        list_metrics,
        compare,
        report,
        view,
        traverse,
        encode,
        directions,
        data,
        doctor,
    ),
)
for command in COMMANDS:
    if command not in (data, doctor) and command.callback is not None:
        command.callback = with_preflight_checks(command.callback)
    main.add_command(command)
