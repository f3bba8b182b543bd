"""Commands whose help has their options under headings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

Headings = Mapping[str, Sequence[str]]
"""Headings, and the names of the options below each; others come first, below `OTHERS`."""

OTHERS = "Options"
IMAGES = ("data", "data_dir", "skip_broken", "batch_norm")
SCORING: Headings = {
    "Images": IMAGES,
    "Page": (
        *("baselines", "scores", "show", "live", "runtime"),
        *("title", "notes", "paper", "formats", "figures", "animation", "open_it"),
    ),
    "Mutual information": ("budget", "information", "strict"),
    "Samples and intervals": (
        *("seed", "level", "samples", "fit_images", "rows", "replicates", "null", "references"),
    ),
    "Codes and factors": (
        *("codes", "factors", "codes_key", "factors_key", "prune", "code_types", "factor_types"),
    ),
    "ONNX files": ("prior", "image_range"),
}
TRAINING: Headings = {
    "Images": IMAGES,
    "What is trained": (
        "variant",
        "information_weight",
        "codes",
        "size",
        "steps",
        "batch",
        "minutes",
        "seed",
    ),
    "Several runs": ("seeds", "jobs", "stack"),
    "Device": ("device", "device_memory", "capture", "sync_batch_norm"),
}


class GroupedCommand(click.Command):
    """A command whose help has its options under headings."""

    def __init__(self, *arguments: Any, headings: Headings, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.headings = headings

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        places = {name: heading for heading, names in self.headings.items() for name in names}
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        for heading in (OTHERS, *self.headings):
            below = [each for each in options if places.get(each.name or "", OTHERS) == heading]
            records = [record for each in below if (record := each.get_help_record(ctx))]
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


def grouped_command(headings: Headings, **settings: Any) -> Callable[..., click.Command]:
    """Return the decorator of a command with such a help."""
    return click.command(cls=GroupedCommand, headings=headings, **settings)
