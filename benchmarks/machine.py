"""What a measurement was made on: hardware, versions, threads, load and date."""

import argparse
import json
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from infoeval.checkpoint import versions
from infoeval.files import write_text

__all__ = ["add_json_option", "machine", "machine_line", "write_json"]


def machine(device: torch.device | str = "cpu") -> dict[str, Any]:
    """Describe this machine, and `device` where it is a GPU."""
    described: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "threads": torch.get_num_threads(),
        "device": str(device),
        "versions": versions() | {"cuda": torch.version.cuda},
    }
    if torch.device(device).type == "cuda":
        card = torch.cuda.get_device_properties(device)
        described["gpu"] = {"name": card.name, "memory": card.total_memory}
    return described


def machine_line(described: dict[str, Any]) -> str:
    """The same in a line for people."""
    gpu = f"{described['gpu']['name']}, " if "gpu" in described else ""
    return (
        f"{gpu}{described['processor']}, {described['cores']} cores, "
        f"{described['threads']} thread(s), load {described['load'][0]}; "
        f"Python {described['versions']['python']}, torch {described['versions']['torch']}; "
        f"{described['date']}"
    )


def add_json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all of it as JSON")


def write_json(path: Path | None, content: dict[str, Any]) -> None:
    """Write a measurement where a file was asked for."""
    if path is not None:
        write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", listing.read_text()) if listing.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
