"""Score strangers' models, and write the page about them.

    python benchmarks/gallery.py measure CHECKOUTS [--only NAME]
    python benchmarks/gallery.py write

`measure` runs the commands of each model on the checkouts in a folder, each in the subfolder named
in `MODELS`, and writes docs/results/gallery.json; with `--only` the rows of one model. `write`
renders them into docs/gallery.md.
"""

import argparse
import inspect
import json
import os
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
START, END = "<!-- gallery -->\n", "<!-- /gallery -->\n"

IMAGES = "--rows 2000 --metric code-factors --metric mig --metric downstream-accuracy"
POSTERIORS = "--metric kl --metric active-units"
FACTORS = "--metric mig --metric mig-chen --metric sap --metric factor-vae"
MI = "--metric mi --budget quick"


class Stranger(NamedTuple):
    """A stranger's model.

    `function` of gallery_models.py is called with the folder of the checkout, then `arguments`;
    `commands` are the options of `infoeval score`.
    """

    title: str
    function: str
    folder: str
    source: str
    commit: str
    licence: str
    commands: tuple[str, ...]
    arguments: tuple[str | int, ...] = ()
    remark: str = ""

    @property
    def name(self) -> str:
        """The function with its arguments."""
        return " ".join(map(str, (self.function, *self.arguments)))

    def call(self, checkouts: str) -> str:
        """Return MODEL of the command line."""
        given = ", ".join(
            json.dumps(text) for text in (f"{checkouts}/{self.folder}", *self.arguments)
        )
        return f"benchmarks/gallery_models.py:{self.function}({given})"


DISENTANGLING = ("disentangling-vae", "YannDubs/disentangling-vae", "f0452191bab6", "MIT")
DSPRITES = (f"--data dsprites --rows 4000 {FACTORS} {POSTERIORS}",)
MODELS = (
    Stranger(
        "VAE of a category and ten normal codes, MNIST",
        "joint_vae",
        "joint-vae",
        "Schlumberger/joint-vae",
        "80fa464f4666",
        "MIT",
        (f"--data mnist {IMAGES} --metric cluster-acc {POSTERIORS}",),
        remark="The category is sampled by Gumbel softmax in training. Images are resized to the "
        "32×32 pixels that it knows, by `size=32`.",
    ),
    *(
        Stranger(title, "burgess_vae", *DISENTANGLING, DSPRITES, (trained,))
        for title, trained in (
            ("β-VAE, β = 4, dSprites", "betaH_dsprites"),
            ("FactorVAE, dSprites", "factor_dsprites"),
        )
    ),
    Stranger(
        "VAE of twenty normal codes, MNIST",
        "dense_vae",
        "csinva",
        "csinva/gan-vae-pretrained-pytorch",
        "9b6401e122fa",
        "MIT, by its readme",
        (f"--data mnist {IMAGES} {POSTERIORS}",),
    ),
    Stranger(
        "VAE whose encoder returns deviations, MNIST",
        "deviation_vae",
        "mnist-vae",
        "aflah02/Variational-Auto-Encoder-MNIST",
        "1c134ef23c43",
        "none given",
        (f"--data mnist {IMAGES} {POSTERIORS}",),
        remark="Its second output is no log variance but a deviation of either sign.",
    ),
    Stranger(
        "DCGAN of 100 normal z, MNIST",
        "dcgan",
        "mnist-dcgan",
        "dennisjooo/DCGAN-on-MNIST",
        "afc740a1b0e6",
        "none given",
        (MI,),
        (1,),
        "The first z is taken as a code, one direction of many, and the others as noise.",
    ),
    Stranger(
        "Conditional WGAN-GP, MNIST",
        "conditional_gan",
        "conditional-wgan",
        "HayatoHongo/MNIST-Conditional-WGAN-gp",
        "aeb6f20a9a0a",
        "MIT",
        (MI, "--data mnist --rows 2000 --metric code-factors:images=generated"),
        remark="A network trained on its images reads the digit asked for, of ln 10 = 2.303 nats. "
        "A classifier of real digits, which `code-factors` trains, reads half of it: these images "
        "are unlike MNIST's.",
    ),
    Stranger(
        "β-VAE of two codes in ONNX, MNIST",
        "picture_vae",
        "bvae-interactive",
        "DominikKoller/bVAE-Interactive",
        "4709f7d1206b",
        "none given",
        (f"--data mnist {IMAGES}",),
        remark="The decoder draws one RGBA picture at a time.",
    ),
    Stranger(
        "Encoder of 128 channel symbols in ONNX, Fashion-MNIST",
        "latent_radio",
        "latent-radio",
        "suncal/latent-radio",
        "93fb4e87287f",
        "none given",
        (f"--data fashion_mnist {IMAGES}",),
    ),
)


def measured(stranger: Stranger, options: str, checkouts: Path) -> dict[str, Any]:
    """Return the row of a command of a model."""
    program = [sys.executable, "-m", "infoeval", "score", stranger.call(str(checkouts))]
    started = time.perf_counter()
    done = subprocess.run(
        [*program, *options.split(), "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {
        "model": stranger.name,
        "options": options,
        "seconds": round(time.perf_counter() - started),
        "measured": machine(),
        "results": summaries(json.loads(done.stdout)["results"]),
    }


def summaries(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of all codes together; of a code only where there are no such."""
    of_all = {result["metric"] for result in results if result["target"] is None}
    kept = ("metric", "target", "value", "low", "high", "n")
    return [
        {key: result[key] for key in kept}
        for result in results
        if result["target"] is None or result["metric"] not in of_all
    ]


def adapter_lines(function: str) -> int:
    """Return how many lines an adapter has, without empty ones."""
    source = inspect.getsource(getattr(gallery_models, function))
    return sum(bool(line.strip()) for line in source.splitlines())


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the part of the page that is made from the results, in Markdown."""
    lines = ["| model | source | licence | lines |", "|---|---|---|---|"]
    lines += [
        f"| {model.title} | [{model.source}](https://github.com/{model.source}), "
        f"`{model.commit}` | {model.licence} | {adapter_lines(model.function)} |"
        for model in MODELS
    ]
    done: set[str] = set()
    for model in MODELS:
        lines += ["", f"## {model.title}", ""]
        if model.function not in done:
            source = inspect.getsource(getattr(gallery_models, model.function)).rstrip()
            lines += ["```python", source, "```", ""]
            done.add(model.function)
        if model.remark:
            lines += [model.remark, ""]
        for row in rows:
            if row["model"] == model.name:
                lines += _of_command(model, row)
    return "\n".join(lines) + "\n"


def _of_command(model: Stranger, row: Mapping[str, Any]) -> list[str]:
    """Return a command and its results."""
    command = f"infoeval score {shlex.quote(model.call('checkouts'))} {row['options']}"
    table = ["| metric | of | value | 95 % interval |", "|---|---|---|---|"]
    return [
        *("```", command, "```", ""),
        *table,
        *map(_result_line, row["results"]),
        "",
        f"{row['seconds']} s; {machine_line(row['measured'])}",
        "",
    ]


def _result_line(result: Mapping[str, Any]) -> str:
    low, high = (f"{end:.3f}" if end is not None else "" for end in (result["low"], result["high"]))
    interval = f"{low} … {high}".strip() if low or high else ""
    of = result["target"] or ""
    return f"| {result['metric']} | {of} | {result['value']:.3f} | {interval} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    measure = subparsers.add_parser("measure")
    measure.add_argument("checkouts", type=Path)
    measure.add_argument("--only", metavar="NAME", help="a function of gallery_models.py")
    subparsers.add_parser("write")
    arguments = parser.parse_args()
    rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    if arguments.command == "measure":
        commands = [
            (model, options)
            for model in MODELS
            for options in model.commands
            if arguments.only in (None, model.function)
        ]
        for model, options in sorted(commands, key=lambda command: command[1] == MI):  # slow
            row = measured(model, options, arguments.checkouts.resolve())
            same = (model.name, options)
            rows = [old for old in rows if (old["model"], old["options"]) != same] + [row]
            write_text(RESULTS, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
            print(*same, row["seconds"], "s", flush=True)
    else:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
        after = rest.partition(END)[2]
        write_text(PAGE, before + START + page(rows) + END + after)


if __name__ == "__main__":
    main()
