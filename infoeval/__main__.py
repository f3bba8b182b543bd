"""The program `infoeval`, which is also `python -m infoeval`."""

import atexit
import os
import signal
from collections.abc import Callable
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


def run() -> None:
    """Run the command line; a signal ends it in one line even while it is being imported.

    Launchers and terminals may send a signal twice: once the program ends, its exit code stays.
    """
    _handle(_end)
    atexit.register(_handle, signal.SIG_IGN)  # the first registered is called last
    from infoeval.cli import main

    try:
        main()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0
        _handle(lambda *_: os._exit(code))
        raise


def _handle(handler: Handler | signal.Handlers) -> None:
    """Handle signals that end programs, except those that are ignored, as SIGHUP under nohup."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    os.write(2, f"stopped by {signal.Signals(number).name}\n".encode())
    os._exit(128 + number)


if __name__ == "__main__":
    run()
