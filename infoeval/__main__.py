"""The program `infoeval`, which is also `python -m infoeval`."""

import os
import signal
from types import FrameType


def run() -> None:
    """Run the command line; a signal ends it in one line even while it is being imported."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    from infoeval.cli import main

    main()


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    os.write(2, f"stopped by {signal.Signals(number).name}\n".encode())
    os._exit(128 + number)


if __name__ == "__main__":
    run()
