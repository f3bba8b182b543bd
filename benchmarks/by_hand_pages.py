"""The terminal, option files and pages beside what libraries make; see `by_hand_pairs`."""

import importlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from by_hand_pairs import ROOT, Pair, counted, in_processes, pair, timed
from click.testing import CliRunner
from markdown_it import MarkdownIt
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing
from PIL import Image
from rich.console import Console
from torchvision.utils import make_grid

from infoeval.cli.option_files import OptionFileGroup
from infoeval.cli.terminal import screen
from infoeval.evaluation.animation import _encoded, _frame
from infoeval.reporting.figure import Figure, drawn
from infoeval.reporting.svg import COLOURS, inline
from infoeval.reporting.tables import ReportTable, TableColumn, markdown_table
from infoeval.traversals import tile


@pair
def cut_numbers(_: Path) -> Pair:
    """Numbers of a table of nine columns that a terminal of 60 columns does not show whole."""
    rows = screen.table("metric", *(f"code {number}" for number in range(8)), right=True)
    values = [
        [f"{value:.7f}" for value in line] for line in np.random.default_rng(0).random((6, 8))
    ]
    for number, line in enumerate(values):
        rows.add_row(f"a metric {number}", *line)

    def cut(console: Console, show: Callable[..., Any]) -> int:
        console.width = 60
        with console.capture() as shown:
            show(rows)
        return sum(value not in shown.get() for line in values for value in line)

    ours, theirs = screen.Screen(io.StringIO()), Console(file=io.StringIO())
    return counted(
        "of 48 numbers cut",
        lambda: cut(ours, ours.print_table),
        lambda: cut(theirs, theirs.print),
    )


@pair
def toml(_: Path) -> Pair:
    """Writing five options in a fresh process of the command line."""
    start = """
import tomllib
import infoeval.cli.option_files as files
given = {"metric": ["mig", "dci"], "seed": 3, "level": 0.9, "json": True, "note": 'a "b" \\x7f'}
"""
    ours = """
text = "\\n".join(f"{key} = {files._toml(value)}" for key, value in given.items())
result = tomllib.loads(text) == given
"""
    theirs = """
import tomlkit
result = tomllib.loads(tomlkit.dumps(given)) == given
"""
    return in_processes("CPU-s", start + ours, start + theirs, rounds=5)


@pair
def unknown_options(folder: Path) -> Pair:
    """Misspelt options of a file that pass unnoticed, of three; theirs are a `default_map`."""
    wrong, file = ("sed", "Seeds", "metrics"), folder / "options.toml"

    def command(group: click.Group) -> click.Group:
        group.command("score")(click.option("--seed", type=int)(lambda seed: None))
        return group

    def ours(name: str) -> bool:
        file.write_text(f"{name} = 1\n", encoding="utf-8")
        words = ["score", "--options", str(file)]
        return not CliRunner().invoke(command(OptionFileGroup("main")), words).exception

    def theirs(name: str) -> bool:
        defaults: Any = {"default_map": {"score": {name: 1}}}
        return not CliRunner().invoke(command(click.Group("main")), ["score"], **defaults).exception

    return counted("of 3 unnoticed", lambda: sum(map(ours, wrong)), lambda: sum(map(theirs, wrong)))


@pair
def doctor(_: Path) -> Pair:
    """Telling what is installed, with the processes that are started for it."""
    ours = """
from infoeval.cli.doctor_command import examine
result = bool(examine())
"""
    theirs = """
from torch.utils.collect_env import get_env_info
result = bool(get_env_info())
"""
    return in_processes("CPU-s", ours, theirs, rounds=1)


@pair
def svg(_: Path) -> Pair:
    """A figure of 40 dots with intervals."""

    def draw(drawing: Drawing, colours: Any) -> None:
        axes, places = drawing.add_subplot(), np.arange(40)
        axes.errorbar(places, places % 7, 0.5, fmt="o", color=colours["subject"])
        axes.set_xlabel("code")

    figure = Figure("dots", "Dots", "", 640, 300, draw, ReportTable("", "", (), ()))

    def theirs() -> int:
        buffer = io.BytesIO()
        with drawn(figure, COLOURS) as drawing:
            drawing.savefig(buffer, format="svg", metadata={"Date": None})
        return len(buffer.getvalue())

    return counted("bytes", lambda: len(inline(figure).encode()), theirs)


@pair
def sorted_table(_: Path) -> Pair:
    """The script that sorts and filters a table: theirs is DataTables, as itables has it."""
    package = Path(str(importlib.import_module("itables").__file__)).parent
    files = ROOT / "reports" / "index.js", package / "html" / "dt_bundle.js"
    return counted("bytes", lambda: files[0].stat().st_size, lambda: files[1].stat().st_size)


@pair
def animation(folder: Path) -> Pair:
    """A GIF of five frames of ten images of 28×28."""
    images = np.random.default_rng(0).integers(0, 256, (5, 10, 1, 28, 28), np.uint8)

    def frames(name: str) -> int:
        with Image.open(folder / name) as picture:
            return int(getattr(picture, "n_frames", 1))

    def ours() -> int:
        content = _encoded([(_frame(row, "a = 1"), 50) for row in images], "gif")
        (folder / "ours.gif").write_bytes(content)
        return frames("ours.gif")

    def theirs() -> int:
        drawing = Drawing(figsize=(6.4, 1))
        FigureCanvasAgg(drawing)
        places = drawing.subplots(1, 10)
        shown = [
            axes.imshow(image[0], "gray") for axes, image in zip(places, images[0], strict=True)
        ]

        def update(number: int) -> Any:
            for place, image in zip(shown, images[number], strict=True):
                place.set_data(image[0])
            return shown

        FuncAnimation(drawing, update, 5).save(str(folder / "theirs.gif"), PillowWriter())
        return frames("theirs.gif")

    return timed(ours, theirs, rounds=3)


@pair
def tiles(_: Path) -> Pair:
    """A sheet of 100 grey images of 28×28; theirs has a border and three colours."""
    grid = np.random.default_rng(0).integers(0, 256, (10, 10, 1, 28, 28), np.uint8)
    images = torch.from_numpy(grid.reshape(100, 1, 28, 28))
    return counted(
        "bytes", lambda: tile(grid).nbytes, lambda: make_grid(images, 10, 1, pad_value=128).nbytes
    )


@pair
def markdown_names(_: Path) -> Pair:
    """Names that a table in Markdown shows as others, of nine with signs and a plain one."""
    names = ["a|b", "a _b_", "*a*", "<b>", "`a`", "[a](b)", r"a\_b", "~~a~~", "&lt;", "plain"]
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def changed(text: str) -> int:
        lines = [token.children or [] for token in reader.parse(text) if token.type == "inline"]
        plain = ["".join(each.content for each in line if each.type == "text") for line in lines]
        marked = [any(each.type != "text" for each in line) for line in lines]
        read = {text for text, other in zip(plain, marked, strict=True) if not other}
        return sum(name not in read for name in names)

    rows = tuple((name,) for name in names)
    ours = markdown_table(ReportTable("t", "T", (TableColumn("Code"),), rows))
    theirs = pd.DataFrame({"Code": names}).to_markdown(index=False)
    return counted("of 10 changed", lambda: changed(ours), lambda: changed(str(theirs)))
