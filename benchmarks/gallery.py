"""Score third-party models, and write the page about them.

    python benchmarks/gallery.py measure CHECKOUTS [--only TEXT]
    python benchmarks/gallery.py write

`measure` runs the commands of `MODELS` on the checkouts in a folder, or those that have a text in
them, and writes docs/results/gallery.json. `write` renders it into docs/gallery.md.
"""

import argparse
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gallery_models
from machine import machine, machine_line

from infoeval.files import write_text

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results" / "gallery.json"
PAGE = ROOT / "docs" / "gallery.md"
FOLDER = "checkouts/"
LEFT_OUT = ("active-units-share", "active-units-kl", "active-units-kl-share", "mi-synergy")
"""Variants of other metrics, for which the page has no room."""

LABELS = "--rows 2000 --metric code-factors --metric mig --metric downstream-accuracy"
POSTERIORS = "--metric kl --metric active-units"
SPRITES = "score {} --data dsprites --rows 2000"
FACTORS = f"{SPRITES} --metric mig --metric sap --metric factor-vae --metric dci {POSTERIORS}"
CLASSES = f"{SPRITES} --metric sap --factor-types d,d,d,d,d"
DIRECTIONS = "directions {} --count 6"

Row = Mapping[str, Any]


class Stranger(NamedTuple):
    """A stranger's model.

    `model` is MODEL of the command line, or a call of a function of gallery_models.py; `commands`
    have {} in its place. `found` is a line with the values of metrics.
    """

    title: str
    source: str
    commit: str
    licence: str
    model: str
    commands: tuple[str, ...]
    found: str
    remark: str = ""

    @property
    def adapter(self) -> str:
        """The function of gallery_models.py; "" where none is needed."""
        return self.model.partition("(")[0] if "(" in self.model else ""

    @property
    def lines(self) -> list[str]:
        """The commands as they are typed."""
        model = f"benchmarks/gallery_models.py:{self.model}" if self.adapter else self.model
        return [f"infoeval {command.format(shlex.quote(model))}" for command in self.commands]


JOINT_VAE = ("Schlumberger/joint-vae", "80fa464f4666", "MIT")
DISENTANGLING = ("YannDubs/disentangling-vae", "f0452191bab6", "MIT")
VAES = (
    "All codes in use, {kl:.0f} nats; together they tell the digit of "
    "{downstream-accuracy-at-1000:.0%}, none does alone (`mig` {mig:.2f})"
)
GANS = "Six directions of its first layer carry {mi all codes:.1f} nats"
MODELS = (
    Stranger(
        "VAE of a category and ten normal codes, MNIST",
        *JOINT_VAE,
        'joint_vae("checkouts/joint-vae", "mnist", 32, 10, 10)',
        (f"score {{}} --data mnist {LABELS} --metric cluster-acc {POSTERIORS} --metric mig-chen",),
        "The category is the digit of {cluster-acc:.0%} of the images",
        "Its training aims at 5 nats of the normal codes and at most ln 10 = 2.30 of the category, "
        "together 7.3. `mig-chen` is of the normal codes alone, and these leave the digit to the "
        "category.",
    ),
    Stranger(
        "VAE of a category and six normal codes, dSprites",
        *JOINT_VAE,
        'joint_vae("checkouts/joint-vae", "dsprites", 64, 6, 3)',
        (FACTORS, CLASSES),
        "`mig` {mig:.2f}; {kl:.1f} nats, where its training aims at 41.1",
        "Its training aims at 40 nats of the normal codes and at most ln 3 = 1.10 of the category. "
        "`mig-chen` is left out: in a trial that was not recorded it was close to 0, and why was "
        "not found.",
    ),
    *(
        Stranger(
            title,
            *DISENTANGLING,
            f'burgess_vae("checkouts/disentangling-vae", "{trained}")',
            (f"{FACTORS} --metric mig-chen", CLASSES),
            "`mig` {mig:.2f}; {active-units:.0f} of ten codes in use",
        )
        for title, trained in (
            ("β-VAE, β = 4, dSprites", "betaH_dsprites"),
            ("FactorVAE, dSprites", "factor_dsprites"),
        )
    ),
    Stranger(
        "VAE of twenty normal codes, MNIST",
        "csinva/gan-vae-pretrained-pytorch",
        "9b6401e122fa",
        "MIT, by its readme",
        'dense_vae("checkouts/csinva")',
        (f"score {{}} --data mnist {LABELS} {POSTERIORS} --metric mig-chen",),
        VAES,
    ),
    Stranger(
        "VAE whose encoder returns deviations, MNIST",
        "aflah02/Variational-Auto-Encoder-MNIST",
        "1c134ef23c43",
        "none given",
        'deviation_vae("checkouts/mnist-vae")',
        (f"score {{}} --data mnist {LABELS} {POSTERIORS} --metric mig-chen",),
        VAES,
        "Its second output is no log variance but a deviation of either sign.",
    ),
    Stranger(
        "DCGAN of 100 normal z, MNIST",
        "dennisjooo/DCGAN-on-MNIST",
        "afc740a1b0e6",
        "none given",
        'dcgan("checkouts/mnist-dcgan")',
        (DIRECTIONS,),
        GANS,
    ),
    Stranger(
        "DCGAN of 64 normal z, MNIST",
        "Ryhan9834/DigitDCGAN-Digit-Generation-with-DCGAN",
        "8db36ce36be6",
        "MIT",
        'small_dcgan("checkouts/digit-dcgan")',
        (DIRECTIONS,),
        GANS,
    ),
    Stranger(
        "DCGAN of 100 normal z, Fashion-MNIST",
        "syoopie/fashion-DCGAN",
        "a0a900e2c5e5",
        "none given",
        'fashion_dcgan("checkouts/fashion-dcgan")',
        (DIRECTIONS,),
        GANS,
    ),
    Stranger(
        "Conditional WGAN-GP, MNIST",
        "HayatoHongo/MNIST-Conditional-WGAN-gp",
        "aeb6f20a9a0a",
        "MIT",
        'conditional_gan("checkouts/conditional-wgan")',
        (
            "score {} --metric mi --budget quick",
            "score {} --data mnist --rows 2000 --metric code-factors:images=generated",
        ),
        "{mi:.2f} of ln 10 = 2.30 nats of the digit asked for; a classifier of real digits reads "
        "{code-factors:.0%}",
        "A network trained on its images reads the digit asked for. A classifier of real digits, "
        "which `code-factors` trains, reads half of it: these images are unlike MNIST's.",
    ),
    Stranger(
        "VAE of two codes in ONNX files, MNIST",
        "DominikKoller/bVAE-Interactive",
        "4709f7d1206b",
        "none given",
        ",".join(
            f"checkouts/bvae-interactive/architecture_{part}.onnx"
            for part in ("encoder", "decoder")
        ),
        (
            f"score {{}} --image-range -0.4242,2.8215 --data mnist {LABELS}",
            "score {} --metric mi --budget quick",
        ),
        "Two codes tell the digit of {downstream-accuracy-at-1000:.0%}",
        "Its encoder reads images standardised by MNIST's mean and deviation, which no file says: "
        "as [0, 1] the same images give `downstream-accuracy-at-1000` of 0.4. The decoder draws "
        "one RGBA picture at a time.",
    ),
    Stranger(
        "Encoder of 128 channel symbols in an ONNX file, Fashion-MNIST",
        "suncal/latent-radio",
        "93fb4e87287f",
        "none given",
        "checkouts/latent-radio/encoder.onnx",
        (f"score {{}} --data fashion_mnist {LABELS}",),
        "Together they tell the class of {downstream-accuracy-at-1000:.0%}, none does alone "
        "(`mig` {mig:.2f})",
    ),
)

PUBLISHED = (
    "| FactorVAE, four values of γ, by their own code: [InfoGAN-CR]"
    "(https://github.com/fjxmlzn/InfoGAN-CR), table 1 | 0.27 … 0.43 | 0.67 … 0.74 | 0.47 … 0.57 | "
    "| 0.79 … 0.83 |",
    "| the best reported by others, the same table: VAE | 0.10 | 0.30 | | | 0.63 |",
    "| – β-VAE | 0.21 | 0.41 | 0.55 | | 0.63 |",
    "| – β-TCVAE | 0.45 | 0.29 | | | 0.62 |",
    "| – FactorVAE | 0.15 | | | | 0.82 |",
    "| JointVAE by its paper, average of ten: [chainer-disentanglement-lib]"
    "(https://github.com/pfnet-research/chainer-disentanglement-lib) | | | | | 0.69 |",
    "| β-VAE, β = 4: [1Konny/Beta-VAE#23](https://github.com/1Konny/Beta-VAE/issues/23) | 0.06 | | "
    "| | |",
    "| β-TCVAE by Chen's own code, without the factor shape: [disentangling-vae#64]"
    "(https://github.com/YannDubs/disentangling-vae/issues/64) | 0.50 | | | | |",
    "| YannDubs' models by their own code: [disentangling-vae#52]"
    "(https://github.com/YannDubs/disentangling-vae/issues/52) | 0.001 … 0.01 | | | | |",
    "| median of β-VAEs, Locatello et al. 2020, *recalled* | 0.10 | 0.19 | | 0.05 | 0.66 |",
)


def measured(line: str, checkouts: Path) -> dict[str, Any]:
    """Return the row of a command."""
    words = shlex.split(line.replace(FOLDER, f"{checkouts}/"))
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *words, "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    kept = ("metric", "target", "value", "low", "high", "n")
    results = [
        {key: result[key] for key in kept} | {"attribute": result["details"].get("attribute")}
        for result in summaries(json.loads(done.stdout)["results"])
    ]
    seconds = round(time.perf_counter() - started)
    return {"command": line, "seconds": seconds, "measured": machine(), "results": results}


def summaries(results: Sequence[Row]) -> list[Row]:
    """Return the results of all codes together; of a code only where there are no such."""
    of_all = {result["metric"] for result in results if result["target"] is None}
    return [
        result for result in results if result["target"] is None or result["metric"] not in of_all
    ]


def shown(row: Row) -> list[Row]:
    """Return the results of a row that the page has room for."""
    return [
        result
        for result in row["results"]
        if result["metric"] not in LEFT_OUT
        and (result["metric"] != "kl" or result["target"] == "all codes")
    ]


def values(model: Stranger, rows: Sequence[Row]) -> dict[str, float]:
    """Return the values of a model by metric, and by metric and target where there are several.

    Of a metric in two commands the first counts.
    """
    found: dict[str, float] = {}
    for line in model.lines:
        results = shown(next(row for row in rows if row["command"] == line))
        metrics = [result["metric"] for result in results]
        for result in results:
            several = metrics.count(result["metric"]) > 1
            key = f"{result['metric']} {result['target']}" if several else result["metric"]
            found.setdefault(key, result["value"])
    return found


def summary(rows: Sequence[Row]) -> str:
    """Return a line a model, in Markdown."""
    lines = ["| model | kind | found |", "|---|---|---|"]
    for model in MODELS:
        anchor = re.sub(r"[^\w\- ]", "", model.title.lower()).replace(" ", "-")
        found = model.found.format_map(values(model, rows))
        name = model.source.partition("/")[2]
        lines.append(f"| [{name}](#{anchor}) | {model.title} | {found} |")
    return "\n".join(lines) + "\n"


def sprites(rows: Sequence[Row]) -> str:
    """Return what the models of dSprites score beside what was published, in Markdown."""
    metrics = ("mig", "dci-disentanglement", "sap", "sap, classes", "factor-vae")
    lines = [f"| | {' | '.join(f'`{name}`' for name in metrics)} |", "|---|---|---|---|---|---|"]
    for model in MODELS:
        if CLASSES in model.commands:
            only = model._replace(commands=(CLASSES,))
            found = values(model, rows) | {"sap, classes": values(only, rows)["sap"]}
            scores = " | ".join(f"{found[name]:.2f}" for name in metrics)
            lines.append(
                f"| **{model.source}**, {model.title.removesuffix(', dSprites')} | {scores} |"
            )
    return "\n".join([*lines, *PUBLISHED]) + "\n"


def sections(rows: Sequence[Row]) -> str:
    """Return a section a model: its adapter, its commands and what they printed, in Markdown."""
    loads = [row["measured"]["load"][0] for row in rows]
    machines = {re.sub(r", load [\d.]+", "", machine_line(row["measured"])) for row in rows}
    lines = [f"Measured on {'; '.join(sorted(machines))}; load {min(loads)} to {max(loads)}."]
    done = {""}
    for model in MODELS:
        link = f"[{model.source}](https://github.com/{model.source})"
        where = f"{link} at `{model.commit}`, licence: {model.licence}."
        lines += ["", f"### {model.title}", "", f"{where} {model.remark}".rstrip(), ""]
        if model.adapter not in done:
            lines += ["```python", source_of(model.adapter), "```", ""]
            done.add(model.adapter)
        for line in model.lines:
            lines += _of_command(next(row for row in rows if row["command"] == line))
    return "\n".join(lines) + "\n"


def source_of(adapter: str) -> str:
    """Return the code of an adapter."""
    return inspect.getsource(getattr(gallery_models, adapter)).rstrip()


def _of_command(row: Row) -> list[str]:
    """Return a command and its results, in Markdown."""
    command = ["```", row["command"], "```", ""]
    if "infoeval directions" in row["command"]:
        table = _directions(row["results"])
    else:
        table = ["| metric | of | value | 95 % interval |", "|---|---|---|---|"]
        table += [
            f"| {result['metric']} | {result['target'] or ''} | {result['value']:.3f} | "
            f"{_interval(result)} |"
            for result in shown(row)
        ]
    return [*command, *table, "", f"{row['seconds']} s", ""]


def _directions(results: Sequence[Row]) -> list[str]:
    """Return a line a direction, the most nats first."""
    found = {(result["metric"], result["target"]): result for result in results}
    lines = ["| direction | nats | 95 % interval | changes most | by |", "|---|---|---|---|---|"]
    for (metric, target), result in found.items():
        if metric == "mi":
            change = found.get(("direction-change", target))
            most = "| |" if change is None else f"{change['attribute']} | {change['value']:.2f} |"
            lines.append(f"| {target} | {result['value']:.2f} | {_interval(result, 2)} | {most}")
    return lines


def _interval(result: Row, digits: int = 3) -> str:
    ends = [result["low"], result["high"]]
    low, high = (f"{end:.{digits}f}" if end is not None else "" for end in ends)
    return f"{low} … {high}".strip() if low or high else ""


def write() -> None:
    """Write the blocks of the page that are made from the results."""
    rows, text = json.loads(RESULTS.read_text(encoding="utf-8")), PAGE.read_text(encoding="utf-8")
    for block in (summary, sprites, sections):
        start, end = (f"<!-- {slash}{block.__name__} -->\n" for slash in ("", "/"))
        before, _, rest = text.partition(start)
        text = before + start + block(rows) + end + rest.partition(end)[2]
    write_text(PAGE, text)


def measure(checkouts: Path, only: str) -> None:
    """Run the commands that have a text in them, and write their rows beside those of others."""
    lines = [line for model in MODELS for line in model.lines]
    earlier = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    rows = {row["command"]: row for row in earlier}
    for line in lines:
        if only in line:
            rows[line] = measured(line, checkouts)
            ordered = [rows[known] for known in lines if known in rows]
            write_text(RESULTS, json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
            print(rows[line]["seconds"], "s", line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    command = subparsers.add_parser("measure")
    command.add_argument("checkouts", type=Path)
    command.add_argument("--only", metavar="TEXT", default="", help="commands with this in them")
    subparsers.add_parser("write")
    arguments = parser.parse_args()
    if arguments.command == "measure":
        measure(arguments.checkouts.resolve(), arguments.only)
    else:
        write()


if __name__ == "__main__":
    main()
