"""How often a code of known meaning gets the right name, and a code of none gets none.

    python benchmarks/names.py --seeds 2-3
    python benchmarks/names.py --table

Generators whose codes move known factors of drawn images are scored by `image-effects`, as any
stranger's generator, and named as in a report. Of each scene of planted_scenes.py there is one with
a code for each factor, and others whose codes move two at once, the second over its whole range or
0.6 of it; what no code moves is noise. A name is right if each statistic in it is one that a factor
of the code means. Dead codes change nothing, single pixels, or a factor and a direction that
depend on the noise. Encoders of the scenes' images, which read a factor with some noise, the sum of
two, or noise, are named after the images alone. A row a code goes to docs/results/names.csv; a run
replaces those of its seeds. With --keep the results of each model are kept in a folder, and are not
measured again: only the names are given anew.

Precision is the share of right names, with an exact interval (Clopper and Pearson); recall is the
share of codes with a right name among those that move a factor that a statistic means.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from planted_scenes import CHOSEN_ON, SPRITES, UNSEEN, Scene
from torch import Tensor

from infoeval import Angle, Categorical, CodeSpace, Uniform
from infoeval.cli.parameter_types import seed_list
from infoeval.codes import Code
from infoeval.evaluation import score
from infoeval.files import write_text
from infoeval.intervals import clopper_pearson
from infoeval.reporting.changed_statistics import changed_by
from infoeval.results import Document

FILE = Path("docs/results/names.csv")
SEEN = 1_000
"""Images that each encoder reads."""
DEAD = 70
"""Dead codes of each kind, in each run."""
MOST = 0.9999
"""The largest share of a range, as angles come round at 1."""
SLOW = ("street_numbers", "chairs", "faces")
"""Scenes of which one generator has codes of two factors, instead of three."""


class Part(NamedTuple):
    """A factor that a code moves, over what part of its range, and which way."""

    factor: str
    reach: float = 1.0
    way: int = 1


@dataclass
class Planted:
    """A generator whose codes move factors of a scene; the others are noise."""

    scene: Scene
    parts: Mapping[str, tuple[Part, ...]]

    @cached_property
    def codes(self) -> CodeSpace:
        """The codes, and a variable of noise for each factor and for what is no factor."""
        codes = {name: self._prior(parts) for name, parts in self.parts.items()}
        return CodeSpace(**codes, noise=len(self.scene.factors) + 1)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return the scene's images, uint8."""
        levels = MOST * torch.special.ndtr(noise.double()).numpy()
        shares = dict(zip(self.scene.factors, levels.T, strict=False))
        for name, parts in self.parts.items():
            level = self.codes[name].standardised(codes[name]).double().numpy()
            if self.codes[name].is_categorical:
                level = (level + 0.5) / self.codes[name].input_width
            for part in parts:
                moved = level if part.way > 0 else 1 - level
                shares[part.factor] = part.reach * moved + (1 - part.reach) * shares[part.factor]
        factors = self.scene.factors
        values = [factors[name].of(share.clip(0, MOST)) for name, share in shares.items()]
        return torch.from_numpy(
            self.scene.draw(np.stack(values, axis=1), (1e5 * levels[:, -1]).astype(np.intp))
        )

    def _prior(self, parts: tuple[Part, ...]) -> Code:
        kind = self.scene.factors[parts[0].factor].kind
        if len(parts) == 1 and kind == "turn":
            return Angle()
        if len(parts) == 1 and isinstance(kind, int) and kind <= 32:
            return Categorical(kind)
        return Uniform(-1, 1)


@dataclass
class Dead:
    """A generator of small sprites whose codes mean nothing, in one of three ways."""

    kind: str

    @property
    def codes(self) -> CodeSpace:
        """Dead codes, and noise that draws everything."""
        return CodeSpace(**{f"code_{k}": Uniform(-1, 1) for k in range(DEAD)}, noise=8)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return sprites of 32x32 pixels, uint8."""
        shares = torch.special.ndtr(noise.double()).numpy()[:, :5]
        every = torch.stack([codes[name] for name in codes], dim=1).numpy()
        random = np.random.default_rng(3).normal(size=(8, DEAD, 5))
        # Which factors each code moves, and how far, is another at each noise.
        if self.kind == "moves anything":
            ways = np.sin(9 * np.einsum("nk,kcf->ncf", noise.numpy(), random))
            shares = shares + 0.5 * np.einsum("nc,ncf->nf", every, ways) / np.sqrt(DEAD)
        shares = np.abs((shares + 1) % 2 - 1).clip(0, MOST)
        values = [f.of(s) for f, s in zip(SPRITES.factors.values(), shares.T, strict=True)]
        images = SPRITES.draw(np.stack(values, axis=1), np.arange(len(noise)))[:, :, ::2, ::2]
        if self.kind == "changes pixels":
            where = (np.abs(noise.numpy()[:, :1] * 1e4).astype(int) + np.arange(DEAD)) % 1024
            flat = images.reshape(len(images), -1)
            np.put_along_axis(flat, where, (127 * (every + 1)).astype(np.uint8), axis=1)
            images = flat.reshape(images.shape)
        return torch.from_numpy(np.ascontiguousarray(images))


def generators(scene: Scene, random: np.random.Generator) -> Iterator[Planted]:
    """Yield a generator with a code for each factor, and others with codes of two at once."""
    names = list(scene.factors)
    yield Planted(scene, {f"code_{k}": (Part(name),) for k, name in enumerate(names)})
    for _ in range(1 if scene.name in SLOW else 3):
        order = [names[place] for place in random.permutation(len(names))]
        pairs = zip(order[::2], order[1::2], strict=False)
        yield Planted(scene, {f"code_{k}": _mixed(*pair, random) for k, pair in enumerate(pairs)})


def _mixed(first: str, second: str, random: np.random.Generator) -> tuple[Part, Part]:
    return Part(first), Part(second, random.choice([0.6, 1.0]), random.choice([-1, 1]))


def effects(generator: "Planted | Dead", seed: int, keep: Path | None, name: str) -> Document:
    """Return the results of `image-effects`."""
    measure = partial(score, generator, ["image-effects"], seed=seed, device="cpu")
    return kept(keep, f"{name} of seed {seed}", measure)


def planted_rows(seed: int, keep: Path | None) -> Iterator[dict[str, Any]]:
    """Yield a row for each planted code of a seed."""
    for scene in (*CHOSEN_ON, *UNSEEN):
        random = np.random.default_rng([seed, len(scene.factors), len(scene.name)])
        for number, generator in enumerate(generators(scene, random)):
            document = effects(generator, seed, keep, f"{scene.name} {number}")
            for code, parts in generator.parts.items():
                meant = {n for part in parts for n in scene.factors[part.factor].names}
                changed = changed_by(document, code)
                names = changed.names if changed else ()
                yield {
                    "seed": seed,
                    "scene": scene.name,
                    "unseen": scene in UNSEEN,
                    "kind": "one factor" if len(parts) == 1 else "two factors",
                    "factors": "; ".join(f"{part.factor} {part.reach:g}" for part in parts),
                    "can be named": bool(meant),
                    "name": "; ".join(names),
                    "right": bool(names) and set(names) <= meant,
                }


@dataclass
class Encoder:
    """An encoder that knows the codes of some images."""

    known: dict[bytes, NDArray[np.float64]]

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Return the codes of uint8 images."""
        codes = torch.from_numpy(np.stack([self.known[i.tobytes()] for i in images.numpy()]))
        return {f"code_{k}": column for k, column in enumerate(codes.T)}


def encoder_rows(seed: int, keep: Path | None) -> Iterator[dict[str, Any]]:
    """Yield a row for each code of encoders of a seed."""
    for scene in (*CHOSEN_ON, *UNSEEN):
        random = np.random.default_rng([seed, len(scene.factors), len(scene.name), 1])
        names = list(scene.factors)
        pairs: list[tuple[str, ...]] = [(name,) for name in names]
        pairs += [tuple(random.choice(names, 2, replace=False)) for _ in names]
        pairs += [() for _ in names]
        document = named_by_images(scene, pairs, random, keep, f"{scene.name} seen, {seed}")
        for place, pair in enumerate(pairs):
            meant = {each for name in pair for each in scene.factors[name].names}
            changed = changed_by(document, f"code_{place}")
            names_given = changed.names if changed else ()
            yield {
                "seed": seed,
                "scene": scene.name if pair else "dead",
                "unseen": scene in UNSEEN,
                "kind": f"encoder, {('noise', 'one factor', 'two factors')[len(pair)]}",
                "factors": "; ".join(pair),
                "can be named": bool(meant),
                "name": "; ".join(names_given),
                "right": bool(names_given) and set(names_given) <= meant,
            }


def named_by_images(
    scene: Scene,
    pairs: Sequence[tuple[str, ...]],
    random: np.random.Generator,
    keep: Path | None,
    name: str,
) -> Document:
    """Return the results of an encoder whose codes are sums of factors, and noise."""
    shares = MOST * random.random((SEEN, len(scene.factors)))
    factors = scene.factors.values()
    values = np.stack([f.of(share) for f, share in zip(factors, shares.T, strict=True)], axis=1)
    read = dict(
        zip(scene.factors, (values - values.mean(0)).T / values.std(0)[:, None], strict=True)
    )
    noise = random.normal(size=(SEEN, len(pairs)))
    codes = np.stack([sum((read[f] for f in pair), np.zeros(SEEN)) for pair in pairs], axis=1)
    codes += noise * np.where([len(pair) > 0 for pair in pairs], 0.3, 1.0)

    def measure() -> Document:
        images = scene.draw(values, np.arange(SEEN))
        known = {image.tobytes(): code for image, code in zip(images, codes, strict=True)}
        with TemporaryDirectory() as folder:
            data = f"{folder}/images.npz"
            np.savez(data, images=images[:4], test_images=images)
            metrics = ["code-factors:factors=appearance"]
            return score(Encoder(known), metrics=metrics, data=data, device="cpu")

    return kept(keep, name, measure)


def kept(folder: Path | None, name: str, measure: Callable[[], Document]) -> Document:
    """Return results that were kept in a folder, else measured ones, which are kept."""
    file = None if folder is None else folder / f"{name}.json"
    if file is not None and file.exists():
        return Document.read(file)
    document = measure()
    if file is not None:
        write_text(file, document.to_json())
    return document


def dead_rows(seed: int, keep: Path | None) -> Iterator[dict[str, Any]]:
    """Yield a row for each dead code of a seed."""
    row = {"seed": seed, "scene": "dead", "unseen": False, "factors": "", "can be named": False}
    for kind in ("changes nothing", "changes pixels", "moves anything"):
        generator = Dead(kind)
        document = effects(generator, seed, keep, kind)
        for code in generator.codes:
            changed = changed_by(document, code)
            names = changed.names if changed else ()
            yield row | {"kind": kind, "name": "; ".join(names), "right": False}


ROWS = (planted_rows, encoder_rows, dead_rows)


def table(rows: pd.DataFrame) -> str:
    """Return precision and recall by kind and scene, as Markdown."""
    dead = rows.scene == "dead"
    planted = rows[~dead]
    encoders = planted.kind.str.startswith("encoder")
    groups = {"codes of generators": planted[~encoders], "codes of encoders": planted[encoders]}
    groups |= {kind: planted[planted.kind == kind] for kind in planted.kind.unique()}
    made = planted[~encoders]
    groups |= {"generators of scenes of the choice, other seeds": made[~made.unseen]}
    groups |= {"generators of scenes drawn afterwards": made[made.unseen]}
    groups |= {f"generators of {scene}": made[made.scene == scene] for scene in made.scene.unique()}
    lines = [
        "| codes | planted | named | right | precision | recall |",
        "|---|---|---|---|---|---|",
    ]
    for name, part in groups.items():
        if part.empty:
            continue
        named, right = int((part.name != "").sum()), int(part.right.sum())
        low, high = clopper_pearson(right, named) if named else (0.0, 1.0)
        recall = part.right[part["can be named"]].mean()
        shown = f"{right / named:.1%} ({low:.1%} to {high:.1%})" if named else "–"
        found = "–" if np.isnan(recall) else f"{recall:.0%}"
        lines.append(f"| {name} | {len(part)} | {named} | {right} | {shown} | {found} |")
    given = int((rows.name[dead] != "").sum())
    return "\n".join([*lines, "", f"{given} of {int(dead.sum())} dead codes were named."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=seed_list, help="such as 2-3; 1 is that of the choice")
    parser.add_argument("--table", action="store_true", help="print the table of what is there")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder of results, not repeated")
    given = parser.parse_args()
    kept = pd.read_csv(FILE, keep_default_na=False) if FILE.exists() else pd.DataFrame()
    for seed in given.seeds or ():
        new = pd.DataFrame([row for rows in ROWS for row in rows(seed, given.keep)])
        kept = pd.concat([kept[kept.seed != seed], new]) if len(kept) else new
        write_text(FILE, kept.sort_values("seed", kind="stable").to_csv(index=False))
        print(f"seed {seed}: {len(new)} codes", flush=True)
    print(table(kept))


if __name__ == "__main__":
    main()
