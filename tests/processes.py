"""Processes for tests to kill, forked from a server that has imported torch once for all."""

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

__all__ = ["LIMIT", "start_command", "start_process", "start_server", "wait_for_file"]

LIMIT = 300.0
"""Seconds after which a process that does nothing is a failure."""
_SERVER = multiprocessing.get_context("forkserver")
# The last one is what making an optimiser imports, and takes as long as torch itself.
_SERVER.set_forkserver_preload(["infoeval.training.run", "tests.tiny", "torch._dynamo"])


def start_server() -> None:
    """Start the server, which finds this project in the working folder that it begins in."""
    forkserver.ensure_running()


def start_process(target: Callable[..., object], *arguments: Any, **options: Any) -> BaseProcess:
    """Call a function of a module in a process of one thread, which ends with this one."""
    process = _SERVER.Process(target=_call, args=(target, arguments, options), daemon=True)
    process.start()
    return process


def _call(
    target: Callable[..., object], arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    torch.set_num_threads(1)
    target(*arguments, **options)


def wait_for_file(path: Path, process: BaseProcess) -> None:
    """Return once the process has written the file, or has ended."""
    until = time.monotonic() + LIMIT
    while not path.exists() and process.is_alive() and time.monotonic() < until:
        time.sleep(0.01)


def start_command(folder: Path, *arguments: object) -> BaseProcess:
    """Run the command line in a folder; what it prints goes to `output` and `errors` there."""
    return start_process(_command, folder, [str(argument) for argument in arguments])


def _command(folder: Path, arguments: list[str]) -> None:
    for name, descriptor in (("output", 1), ("errors", 2)):
        with (folder / name).open("w") as file:
            os.dup2(file.fileno(), descriptor)
    os.chdir(folder)
    from infoeval.cli import main

    main(arguments, prog_name="infoeval")
