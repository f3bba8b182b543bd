"""The table of a dry run: layers, codes, rates and about how long the training would take."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from infoeval.cli.terminal.screen import Screen, table


def print_dry_run(settings: Mapping[str, Any]) -> None:
    """Print the settings of a training that `infoeval train --dry-run` has resolved."""
    screen, trainer = Screen(), settings["trainer"]
    layers = _table("", "layer", "output", "parameters")
    part = None
    for row in settings["layers"]:
        layers.add_row(
            "" if row["part"] == part else row["part"],
            row["layer"],
            "×".join(str(size) for size in row["shape"]),
            f"{row['parameters']:,}" if row["parameters"] else "",
        )
        part = row["part"]
    screen.print_table(layers)
    total = sum(row["parameters"] for row in settings["layers"])
    screen.print_line(f"{total:,} parameters")
    screen.print()
    codes = _table("code", "prior", "H(c), nats", "weight")
    for name, code in settings["codes"].items():
        codes.add_row(name, code["prior"], f"{code['entropy']:.3f}", f"{code['weight']:g}")
    screen.print_table(codes)
    screen.print_line(f"and {trainer['codes']['noise']} inputs of noise")
    screen.print()
    for name, value in _settings(settings, trainer).items():
        screen.print_line(f"{name}: {value}", soft_wrap=True)


def _table(*headers: str) -> Table:
    """Return an empty table with two columns of words and then numbers."""
    rows = table(*headers, names=2, right=True)
    rows.columns[1].justify = "left"
    return rows


def _settings(settings: Mapping[str, Any], trainer: Mapping[str, Any]) -> dict[str, str]:
    """Return the lines below the tables."""
    seconds, steps = settings["seconds_of_step"], trainer["steps"]
    runs = len(settings.get("seeds", [0])) * len(settings.get("information_weights") or [0])
    minutes = steps * seconds / 60
    took = f"{minutes:,.0f} minutes" if minutes >= 2 else f"{60 * minutes:,.0f} s"
    each = "" if runs == 1 else f" a run, {runs} runs"
    weights = settings.get("information_weights") or [trainer["information_weight"]]
    lines = {
        "trainer": f"{trainer['name']}, variant {settings['variant']}",
        "images": f"{trainer['data']}, {'×'.join(map(str, trainer['image_shape']))}",
        "λ": ", ".join(f"{weight:g}" for weight in weights),
        "learning rates": f"G and Q {trainer['generator_rate']:g}, "
        f"D {trainer['discriminator_rate']:g}",
        "steps": f"{steps:,} of {trainer['batch']} images",
        "seeds" if "seeds" in settings else "seed": ", ".join(
            map(str, settings.get("seeds", [settings.get("seed")]))
        ),
        "time": f"about {took}{each} on {settings['device']} ({1000 * seconds:,.0f} ms a step)",
    }
    if trainer["recognition_learns"] == "with_discriminator":
        lines["learning rates"] = (
            f"G {trainer['generator_rate']:g}, D and Q {trainer['discriminator_rate']:g}"
        )
    return lines
