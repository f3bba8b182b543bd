"""The command that tells what is installed and works: doctor."""

import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import click

import infoeval
from infoeval.cli.common import as_text, json_option
from infoeval.cli.output import print_json, say
from infoeval.errors import listing, shown

PATIENCE = 120.0
"""Seconds that all probes may take together; torch alone takes 20 from a cold disk."""
LEAST_FREE = 2_000_000_000
"""Bytes on a disk below which its line says so."""
BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "firefox", "firefox-esr"),
    *("microsoft-edge", "brave-browser"),
)
OPTIONAL = {
    "torchvision": ("downloads of data sets", "torchvision of the same release as torch"),
    "vtk": ("the data sets faces and chairs", "'infoeval[render]'"),
    "onnxruntime": ("models as .onnx files", "'infoeval[onnx]'"),
    "onnx": ("pages with a live generator", "'infoeval[live]'"),
    "pyarrow": ("tables as .parquet files", "'infoeval[tables]'"),
    "h5py": ("files .h5 and .h5ad", "'infoeval[tables]'"),
}
"""Packages that may be missing: what needs each, and what `pip install` brings it."""


@dataclass(frozen=True)
class Part:
    """One line: something that is there, or is not, and then what to do about it."""

    name: str
    state: Literal["ok", "missing", "broken"]
    found: str
    advice: str = ""


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Show what is installed and works here, and what to do about what does not.

    \b
    For example:
      infoeval doctor
      infoeval doctor --json

    Nothing is changed, and no network is used. Only Python and the packages are necessary: each
    other line says what it is for.
    """
    findings = examine()
    if as_json:
        print_json(as_text([asdict(finding) for finding in findings]))
        return
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        state = "OK" if finding.state == "ok" else finding.state
        text = ": ".join(filter(None, (finding.found, finding.advice)))
        say(f"{state:7}  {finding.name:{width}}  {text}")


def examine() -> list[Part]:
    """Return a finding for each part of infoeval's surroundings."""
    apart = [name for name in OPTIONAL if name != "torchvision"]  # it is loaded with torch
    answers = _ask(["torch", *filter(_is_there, apart), "data"])
    torch = answers["torch"]
    if _is_there("torchvision"):
        answers["torchvision"] = torch.get("torchvision", torch)
    place = Path(infoeval.__file__).parent
    python = f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    return [
        Part("infoeval", "ok", f"{infoeval.__version__}, {place}"),
        Part("Python", "ok", f"{python}, {sys.executable}"),
        _packages(),
        *_torch(torch),
        *(_optional(name, answers.get(name)) for name in OPTIONAL),
        _live(torch.get("live", torch)),
        _browsers(),
        _data(answers["data"]),
        *_disks(answers["data"].get("folder")),
    ]


Answer = dict[str, Any]
"""What a probe found, or only its "error"."""


def _ask(names: list[str]) -> dict[str, Answer]:
    """Return the answers of some probes, which run side by side."""
    ends = time.monotonic() + PATIENCE
    started = {name: _start(name) for name in names}
    return {
        name: _answer(process, ends) if isinstance(process, subprocess.Popen) else process
        for name, process in started.items()
    }


def _start(name: str) -> "subprocess.Popen[str] | Answer":
    # infoeval is found as here, and no file of the working folder is taken for a library.
    paths = [str(Path(infoeval.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    try:
        return subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("doctor_probes.py")), name],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except (OSError, ValueError) as error:
        return {"error": shown(error)}


def _answer(process: "subprocess.Popen[str]", ends: float) -> Answer:
    try:
        out, errors = process.communicate(timeout=max(ends - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"error": f"no answer in {PATIENCE:.0f} s"}
    if process.returncode:
        lines = [line for line in errors.splitlines() if line.strip()]
        told = lines[-1] if lines and process.returncode > 0 else ""
        return {"error": _message(told) or f"its process ended with {process.returncode}"}
    try:
        answer = json.loads(out.splitlines()[-1])
    except (ValueError, IndexError):
        answer = None
    return answer if isinstance(answer, dict) else {"error": "its answer cannot be read"}


def _message(line: str) -> str:
    """Return an exception's line without the name of the class of our own errors."""
    return shown(line.removeprefix("infoeval.errors.UserError: "))


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _version(package: str) -> str:
    try:
        return str(metadata.version(package))
    except Exception:  # no metadata, or damaged ones
        return "of unknown version"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _packages() -> Part:
    """Return whether the packages that infoeval needs are there, none of them loaded."""
    try:
        required = [line for line in metadata.requires("infoeval") or () if "extra ==" not in line]
    except metadata.PackageNotFoundError:
        return Part("packages", "missing", "infoeval is not installed", "pip install .")
    lacking = []
    for line in required:
        name, least = re.match(r"([\w.-]+)(?:.*>=([\d.]+))?", line).groups()  # type: ignore[union-attr]
        try:
            enough = _numbers(metadata.version(name)) >= _numbers(least or "")
        except Exception:  # not there, or damaged
            enough = False
        if not enough:
            lacking.append(f"{name}>={least}" if least else name)
    count = f"{len(required) - len(lacking)} of {len(required)} that infoeval needs"
    if lacking:
        return Part("packages", "missing", count, f"pip install {shlex.join(lacking)}")
    return Part("packages", "ok", count)


def _torch(answer: Answer) -> Iterator[Part]:
    if not _is_there("torch"):
        yield Part("torch", "missing", "training and scoring models", "pip install torch")
    elif "error" in answer:
        yield Part("torch", "broken", f"{_version('torch')} cannot be loaded", answer["error"])
    else:
        build = f"CUDA {answer['cuda']}" if answer["cuda"] else "for CPUs"
        yield Part("torch", "ok", f"{_version('torch')} {build}, {answer['threads']} threads")
        if answer["bfloat16"]:
            yield Part("bfloat16", "ok", "this CPU has units for it")
        else:
            yield Part(
                *("bfloat16", "missing", "this CPU has no units for it"),
                "trainings take float32 here by themselves, and longer",
            )
        if answer["gpus"]:
            yield Part("GPU", "ok", listing(answer["gpus"]))
        else:
            needs = "NVIDIA's driver" if answer["cuda"] else "a CUDA build of torch"
            advice = f"everything runs on the CPU; a GPU of NVIDIA's needs {needs}"
            yield Part("GPU", "missing", "none that torch can use", advice)


def _optional(package: str, answer: Answer | None) -> Part:
    """Return the finding about a package that may be missing."""
    use, source = OPTIONAL[package]
    if answer is None:
        return Part(package, "missing", f"for {use}", f"pip install {source}")
    version = _version(package)
    if "error" in answer:
        return Part(package, "broken", f"{version}, for {use}", shown(answer["error"]))
    egl = {True: ", draws by EGL", False: ", draws without EGL"}.get(answer.get("egl", ""), "")
    return Part(package, "ok", f"{version}{egl}, for {use}")


def _live(answer: Answer) -> Part:
    if "error" in answer:
        reason = shown(answer["error"]).removeprefix("--live needs onnxruntime-web, and ")
        return Part("onnxruntime-web", "missing", "for report --live", reason)
    return Part("onnxruntime-web", "ok", f"{answer['folder']}, for report --live")


def _browsers() -> Part:
    """Return which browsers are there; macOS and Windows have one that is on no path."""
    found = [name for name in BROWSERS if shutil.which(name)]
    if found:
        return Part("browser", "ok", ", ".join(found))
    if sys.platform in ("darwin", "win32"):
        return Part("browser", "ok", "the system's")
    advice = "install Chromium or Firefox, or open the pages on another machine: each is one file"
    return Part("browser", "missing", "none is on the PATH", advice)


def _data(answer: Answer) -> Part:
    if "error" in answer:
        return Part("data sets", "broken", "cannot be listed", answer["error"])
    absent, present = answer["absent"], answer["present"]
    found = f"{len(present)} of {len(present) + len(absent)}, in {answer['folder']} or drawn here"
    if not absent:
        return Part("data sets", "ok", found)
    advice = f"infoeval data ls tells how to get {listing(absent)}"
    return Part("data sets", "missing", found, advice)


def _disks(data_folder: str | None) -> Iterator[Part]:
    """Yield the free space of the disks of the working folder and of the data sets."""
    seen = set()
    for path in filter(None, (Path(), Path(data_folder) if data_folder else None)):
        try:
            place = next(
                each for each in (path.absolute(), *path.absolute().parents) if each.is_dir()
            )
            disk, free = place.stat().st_dev, shutil.disk_usage(place).free
        except OSError as error:
            yield Part("disk", "broken", "cannot be read", shown(error))
            continue
        if disk in seen:
            continue
        seen.add(disk)
        found = f"{free / 1e9:,.1f} GB free in {place}"
        if free < LEAST_FREE:
            advice = "make room; trainings and prepared data take up to a few GB"
            yield Part("disk", "missing", found, advice)
        else:
            yield Part("disk", "ok", found)
