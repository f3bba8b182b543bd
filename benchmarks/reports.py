"""The example reports of docs/examples, and how large and how fast reports are.

    python benchmarks/reports.py examples           # score (minutes), make the pages, photograph
    python benchmarks/reports.py seeds              # the report of five seeds of MNIST
    python benchmarks/reports.py live               # the MNIST report with the generator in it
    python benchmarks/reports.py measure            # sizes, seconds from metrics.json, in Chromium

Checkpoints are those of `benchmarks/seeds.py` and `benchmarks/systems.py`. What was scored is kept
in runs/reports and not scored again; `live` needs onnxruntime-web (docs/report.md), `measure` and
the photographs need Playwright and Chromium.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INFOEVAL = [sys.executable, "-m", "infoeval"]
OUT = Path("runs/reports")
EXAMPLES = Path("docs/examples")
PHOTOGRAPH = Path("docs/images/report.png")

MNIST = Path("runs/seeds/mnist-default-20/ckpt.pt")
BASELINE = Path("runs/seeds/mnist-lambda-0-20/ckpt.pt")
FACES = Path("runs/six/faces-half/seed-5/ckpt.pt")
SEEDS = [Path(f"runs/seeds/mnist-default-{seed}/ckpt.pt") for seed in range(20, 25)]

REPEATS = 5
LIVE_ROWS = 50
BROWSER = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def run(*command: str, output: Path | None = None) -> None:
    """Run a command of infoeval, its output into a file where that is wanted."""
    print("$ infoeval", " ".join(command), f"> {output}" if output else "", flush=True)
    if output is None:
        subprocess.run([*INFOEVAL, *command], check=True)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([*INFOEVAL, *command], check=True, stdout=subprocess.PIPE)
    output.write_bytes(done.stdout)


def scores(checkpoint: Path, name: str, *, information: bool) -> list[str]:
    """The options that hand a checkpoint's scores to a report, scored now where that is due."""
    files = []
    if information:
        files.append(OUT / f"{name}-mi.json")
        if not files[-1].exists():
            asked = ("--metric", "mi", "--budget", "standard", "--json")
            run("score", str(checkpoint), *asked, output=files[-1])
    files.append(OUT / f"{name}-rest.json")
    if not files[-1].exists():
        run("score", str(checkpoint), "--json", output=files[-1])
    return [option for file in files for option in ("--scores", str(file))]


def examples() -> None:
    """MNIST with its λ = 0 baseline, and faces."""
    mnist = scores(MNIST, "mnist", information=True)
    mnist += scores(BASELINE, "mnist-lambda-0", information=True)
    page = OUT / "mnist.html"
    run("report", str(MNIST), "--baseline", str(BASELINE), *mnist, "-o", str(page))
    run("report", str(FACES), "-o", str(OUT / "faces.html"))
    EXAMPLES.mkdir(exist_ok=True)
    for name in ("mnist", "faces"):
        shutil.copyfile(OUT / f"{name}.html", EXAMPLES / f"{name}.html")
    with opened(page, width=1120, height=1180) as (tab, _):
        tab.screenshot(path=PHOTOGRAPH)
    print(f"{EXAMPLES}/*.html, {PHOTOGRAPH}")


def seeds() -> None:
    """All five seeds of MNIST and the baseline."""
    options = []
    for number, checkpoint in enumerate(SEEDS):
        options += scores(checkpoint, f"mnist-{number}" if number else "mnist", information=False)
    options += scores(BASELINE, "mnist-lambda-0", information=False)
    paths = [str(path) for path in SEEDS]
    run("report", *paths, "--baseline", str(BASELINE), *options, "-o", str(OUT / "seeds.html"))


def live() -> None:
    """MNIST and faces with the generator in the page."""
    for checkpoint, name in ((MNIST, "mnist"), (FACES, "faces")):
        given = scores(checkpoint, name, information=False)
        run("report", str(checkpoint), *given, "--live", "-o", str(OUT / f"{name}-live.html"))


def measure() -> None:
    """Print what the pages that are there weigh and take."""
    rows: list[dict[str, Any]] = []
    for page in sorted(OUT.glob("*.html")):
        row: dict[str, Any] = {"page": page.name, "megabytes": page.stat().st_size / 1e6}
        row["render_seconds"] = [rendered(page) for _ in range(REPEATS)]
        row["open_seconds"] = []
        for _ in range(REPEATS):
            with opened(page) as (_, seconds):
                row["open_seconds"].append(seconds)
        if page.stem.endswith("-live"):
            row |= in_the_browser(page)
        rows.append(row)
        print(row["page"], *(f"{key} {_told(row[key])}" for key in list(row)[1:]), flush=True)
    hardware = {"machine": platform.machine(), "cpus": os.cpu_count(), "load": os.getloadavg()[0]}
    (OUT / "measured.json").write_text(json.dumps({"hardware": hardware, "pages": rows}, indent=2))


def rendered(page: Path) -> float:
    """Seconds of a whole process that makes the page from metrics.json."""
    metrics, again = page.parent / f"{page.stem}_files" / "metrics.json", OUT / "again" / page.name
    started = time.perf_counter()
    command = [*INFOEVAL, "report", str(metrics), "-o", str(again)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    if again.read_bytes() != page.read_bytes():
        sys.exit(f"{page} is not a function of its files: {again} differs")
    return seconds


@contextmanager
def opened(page: Path, *, width: int = 1280, height: int = 900) -> Iterator[tuple[Any, float]]:
    """Open a page from its file in Chromium, the network off; with seconds until it is loaded."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER)
        size = {"width": width, "height": height}
        tab = browser.new_context(viewport=size, offline=True).new_page()  # type: ignore[arg-type]
        started = time.perf_counter()
        tab.goto(page.resolve().as_uri())
        yield tab, time.perf_counter() - started
        browser.close()


def in_the_browser(page: Path) -> dict[str, list[float]]:
    """Seconds until the generator in the page is ready, and until a row of ten is drawn."""
    ready, rows = [], []
    for _ in range(REPEATS):
        with opened(page) as (tab, _):
            tab.wait_for_function("performance.getEntriesByName('live ready').length")
            ready.append(tab.evaluate("performance.getEntriesByName('live ready')[0].startTime"))
            rows += tab.evaluate(MOVE, LIVE_ROWS)
    return {
        "live_ready_seconds": [each / 1000 for each in ready],
        "live_row_seconds": [each / 1000 for each in rows],
    }


MOVE = """async (count) => {
  const slider = document.querySelector("#live-generator input[type=range]");
  const drawn = () => performance.getEntriesByName("live row").slice(1);
  for (let n = 0; n < count; n++) {
    slider.value = n % 2 ? slider.min : slider.max;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    while (drawn().length <= n) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return drawn().map((entry) => entry.duration);
}"""


def _told(value: Any) -> str:
    if isinstance(value, list):
        return f"{statistics.median(value):.3f} (to {max(value):.3f}, n = {len(value)})"
    return f"{value:.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["examples", "seeds", "live", "measure"])
    {"examples": examples, "seeds": seeds, "live": live, "measure": measure}[
        parser.parse_args().what
    ]()
