"""What the program gives, to the last bit: a record of one commit, and what another differs in.

    python benchmarks/golden.py record before.json
    python benchmarks/golden.py check before.json [--only score-digits]

Only the command line is driven, that of the checkout in which this file lies, and what it writes is
opened as plain data; so a record outlives any change of the code's inside. Seconds, versions and
hashes of files that hold such are left out. Records of different machines need not agree.
"""

import argparse
import difflib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
MOST_SHOWN = 40
PACKAGES = {"infoeval", "numpy", "platform", "python", "scikit-learn", "torch", "torchvision"}
VARYING = PACKAGES | {"created", "images_per_second", "seconds", "sha256", "versions"}
USER_MODEL = '''"""Two codes of 8×8 images: how bright the halves are; images with a bright half."""
import torch
from infoeval import Categorical, CodeSpace

def encoder():
    return lambda images: images.float().mean((1, 2)).unflatten(1, (2, -1)).mean(2)

class Model:
    codes = CodeSpace(side=Categorical(2), noise=1)
    def encode(self, images):
        return encoder()(images)
    def generate(self, codes, noise):
        left = (codes["side"] == 0) ^ (noise[:, 0] > 1)
        columns = torch.arange(8) < 4
        return (left[:, None] == columns).float()[:, None, None].repeat(1, 1, 8, 1)
'''

TORCHRUN = "torch.distributed.run --standalone --nproc-per-node 2 -m"
TRAIN = "infoeval train digits --steps 60 --device cpu"
RUNS = {
    "single": TRAIN,
    "lambda": f"{TRAIN} --seeds 0 --information-weight 0,1",
    "two-processes": f"{TORCHRUN} {TRAIN}",
    "stacked": f"{TRAIN} --seeds 0,1 --stack 2",
    "streamed": f"{TRAIN} --device-memory 1KB",
    "paper": f"{TRAIN} --variant paper",
    "own-images": "infoeval train images.npz --codes 3,u --steps 2 --batch 8",
}
ONE, PAIR = "single/ckpt.pt", "single/ckpt.pt lambda/lambda-0-seed-0/ckpt.pt"
OWN = "--metric cluster-acc --metric mi-own"
PAGES = {
    "report": f"report {PAIR.replace(' ', ' --baseline ')} {OWN} --metric mig",
    "report-seeds": "report stacked --metric mi-own",
    "report-compared": "compare words.npz more.npz --metric mig",
}
SIMULATED = "--metric factor-vae:simulate=true,train_points=50,test_points=50"
COMMANDS = {
    "score-digits": [f"score {ONE} --json", f"score {ONE} --metric cluster-acc --json"],
    "score-digits-factors": [f"score {ONE} --metric mig --metric code-factors --null 2 --json"],
    "score-digits-mi": [f"score {ONE} --metric mi --budget quick --json"],
    "score-table": ["score words.npz --json"],
    "score-table-options": [
        "score split.npz --metric dci --metric mig:estimator=ksg --null 2 --prune --json",
        "score words.npz more.npz --metric udr --json",
    ],
    "score-encoder": ["score model.py:encoder --data digits --json"],
    "score-generator": ["score model.py:Model --metric mi --budget quick --json"],
    "score-sprites": [f"score model.py:encoder --data sprites --rows 200 {SIMULATED} --json"],
    "compare": [f"compare {PAIR} {OWN} --json", "compare words.npz more.npz --metric mig --json"],
    "metrics": ["metrics --json", "metrics"],
    "printed": [f"score {ONE}", f"compare {PAIR} {OWN}"],
    "help": [f"{name} --help" for name in ("train", "score", "compare", "report", "data")],
    "errors": ["score missing.pt", "score words.npz --metric x", "train digits --jobs 2"],
}
CASES = [*(f"train-{name}" for name in RUNS), *COMMANDS, *PAGES]


class Workshop:
    """A folder in which the program is run, by relative paths; runs are trained when wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._locks = {name: threading.Lock() for name in RUNS}
        variables = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "COLUMNS": "100"}
        paths = {"PYTHONPATH": str(ROOT), "INFOEVAL_CACHE": str(folder / "cache")}
        self._environment = os.environ | variables | paths
        write_inputs(folder)
        found = self._python("-c", "import infoeval; print(infoeval.__file__)").stdout.strip()
        if not Path(found).is_relative_to(ROOT):
            sys.exit(f"{found} is not the infoeval of {ROOT}")

    def case(self, name: str) -> Any:
        """What a case gives, as JSON has it."""
        if name in PAGES:
            return self._page(name)
        if name in COMMANDS:
            return {command: self._said(command) for command in COMMANDS[name]}
        folder = self._trained(name.removeprefix("train-"))
        return {str(path.relative_to(folder)): _opened(path) for path in _files(folder)}

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command, folder = [sys.executable, *arguments], self.folder
        return subprocess.run(
            command, cwd=folder, env=self._environment, capture_output=True, text=True, check=False
        )

    def _trained(self, name: str) -> Path:
        with self._locks[name]:
            if not (self.folder / name).exists():
                ran = self._python("-m", *RUNS[name].split(), "--out", name)
                if ran.returncode:
                    raise RuntimeError(ran.stderr[-2_000:])
        return self.folder / name

    def _said(self, command: str) -> Any:
        """What a command prints, or its error; what it reads is trained before."""
        for name in RUNS:
            if f"{name}/" in command or f" {name} " in command:
                self._trained(name)
        ran = self._python("-m", "infoeval", *command.split())
        if ran.returncode:
            return {"exit code": ran.returncode, "error": ran.stderr.strip().split("\n")[-1]}
        is_json = command.endswith("--json")
        return clean(json.loads(ran.stdout)) if is_json else ran.stdout.splitlines()

    def _page(self, name: str) -> Any:
        """A page's metrics.json, and all that is made of it once what varies is left out."""
        said = [self._said(f"{PAGES[name]} -o {name}.html")]
        metrics = self.folder / f"{name}_files" / "metrics.json"
        document = clean(json.loads(metrics.read_bytes()))
        metrics.write_text(json.dumps(document), encoding="utf-8")
        made = f"--format html,csv,md --figures {name}_files/figures -o {name}.html"
        said.append(self._said(f"report {name}_files/metrics.json {made}"))
        page = self.folder / f"{name}.html"
        files = [page, page.with_suffix(".md"), *_files(metrics.parent)]
        return {"said": said} | {
            str(path.relative_to(self.folder)): _opened(path) for path in files
        }


def write_inputs(folder: Path) -> None:
    """Write a user's model, tables of codes whose factors are words or numbers, and images."""
    (folder / "model.py").write_text(USER_MODEL, encoding="utf-8")
    random = np.random.default_rng(0)
    factors = random.integers(0, [3, 4, 2], size=(400, 3))
    codes = factors @ random.normal(size=(3, 4)) + 0.4 * random.normal(size=(400, 4))
    words = np.array(["red", "green", "blue", "grey"])[factors]
    named: dict[str, Any] = {"factors": words, "factor_names": ["colour", "size", "shape"]}
    np.savez(folder / "words.npz", codes=codes, code_names=["a", "b", "c", "d"], **named)
    np.savez(folder / "more.npz", codes=codes[:, ::-1] ** 2, **named)
    split: dict[str, Any] = {"codes": codes[:300], "codes_test": codes[300:]}
    split |= {"factors": factors[:300], "factors_test": factors[300:]}
    np.savez(folder / "split.npz", **split, factor_types=["discrete", "ordinal", "discrete"])
    images = random.integers(0, 256, (64, 28, 28), dtype=np.uint8)
    np.savez(folder / "images.npz", images=images)


def clean(value: Any, name: str = "") -> Any:
    """Plain data with one and the same value of its type for whatever varies from run to run."""
    if isinstance(value, dict):
        return {
            str(key): clean(item, name if name in VARYING else str(key))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [clean(item, name) for item in value]
    if isinstance(value, torch.Tensor):
        return f"{value.dtype} {tuple(value.shape)} {_digest(_bytes(value))}"
    if name in VARYING and value is not None:
        return "left out" if isinstance(value, str) else 1.0
    return value


def _opened(path: Path) -> Any:
    """A file's content as plain data; of pictures the hash, of a page the hash and the text."""
    if path.suffix == ".pt":
        return _checkpoint(torch.load(path, map_location="cpu", weights_only=True))
    if path.suffix in (".md", ".tex", ".csv"):
        varies = path.name in ("history.csv", "summary.csv")  # they hold seconds; JSON has the rest
        return "left out" if varies else path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".json":
        return clean(json.loads(path.read_bytes()))
    found = _digest(path.read_bytes())
    if path.suffix == ".html":
        return {"sha256": found, "text": Text(path.read_text(encoding="utf-8")).lines}
    return "left out" if path.suffix == ".pdf" else found


def _checkpoint(content: dict[str, Any]) -> Any:
    """A checkpoint's content; of its weights the hash and the norm of each network."""
    networks = defaultdict(list)
    weights = content.pop("weights")
    for name in sorted(weights):
        networks[name.split(".")[0]].append(weights[name])
    about: dict[str, Any] = {"names": sorted(weights)}
    for name, tensors in networks.items():
        norm = sum(float(each.double().square().sum()) for each in tensors) ** 0.5
        about[name] = {"sha256": _digest(b"".join(map(_bytes, tensors))), "norm": norm}
    return {"weights": about, **clean(content)}


def _bytes(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.contiguous().numpy().tobytes())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


class Text(HTMLParser):
    """The text of a page, with what is only read aloud, and the hash of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._tag = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        read = ("alt", "aria-label", "title")
        self.lines += [f"[{name}: {value}]" for name, value in attrs if name in read and value]

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag in ("script", "style"):
            self.lines.append(f"[{self._tag} {_digest(data.encode())}]")
        elif data.strip():
            self.lines.append(" ".join(data.split()))


def differences(before: Any, after: Any, path: str) -> Iterator[str]:
    """A readable line for each place where two pieces of plain data differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            here = f"{path} / {key}"
            yield from differences(before.get(key, "missing"), after.get(key, "missing"), here)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    elif type(before) is not type(after) or before != after:
        size = ""
        if isinstance(before, float) and isinstance(after, float):
            size = f" (relative {abs(after - before) / max(abs(before), 1e-300):.2g})"
        yield f"{path}: {_short(before)} → {_short(after)}{size}"


def _of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[str]:
    if all(isinstance(each, str) for each in before + after):
        for line in list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]:
            if not line.startswith("@@"):
                yield f"{path}: {_short(line)}"
        return
    if (
        before
        and after
        and all(isinstance(each, dict) and "metric" in each for each in before + after)
    ):
        keyed = [{_key(each): each for each in entries} for entries in (before, after)]
        if list(keyed[0]) != list(keyed[1]) and sorted(keyed[0]) == sorted(keyed[1]):
            yield f"{path}: in another order"
        yield from differences(keyed[0], keyed[1], path)
        return
    if len(before) != len(after):
        yield f"{path}: {len(before)} → {len(after)} entries"
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        yield from differences(one, other, f"{path}[{number}]")


def _key(entry: dict[str, Any]) -> str:
    """What tells a result or a skipped metric from the others of its list."""
    settings = entry.get("settings", {}).get("own") or ""
    return " ".join(str(part) for part in (entry["metric"], entry.get("target"), settings))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


def run_cases(names: list[str], jobs: int) -> dict[str, Any]:
    """Run cases; one that fails gives its error."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        shop = Workshop(Path(folder).resolve())

        def run(name: str) -> Any:
            started = time.monotonic()
            try:
                found = shop.case(name)
            except (RuntimeError, OSError, ValueError) as error:
                found = {"failed": str(error)}
            print(f"  {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
            return json.loads(json.dumps(found))

        return dict(zip(names, pool.map(run, names), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what infoeval gives, or check a record.")
    parser.add_argument("what", choices=["record", "check"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", action="append", choices=CASES, help="A case; may be repeated.")
    parser.add_argument("--jobs", type=int, default=2, help="Cases that run at a time.")
    options = parser.parse_args()
    checks = options.what == "check"
    old = json.loads(options.file.read_bytes()) if checks or options.only else {}
    new = run_cases(options.only or CASES, options.jobs)
    if not checks:
        text = json.dumps(old | new, indent=1, sort_keys=True, ensure_ascii=False)
        options.file.write_text(text + "\n", encoding="utf-8")
        failed = [f"{name}: {found['failed']}" for name, found in new.items() if "failed" in found]
        sys.exit("\n".join(failed) or 0)
    differ = False
    for name in sorted(options.only or old.keys() | new.keys()):
        lines = list(differences(old.get(name), new.get(name), name))
        differ |= bool(lines)
        print(f"{name}: {'differs' if lines else 'same'}")
        print("".join(f"  {line}\n" for line in lines[:MOST_SHOWN]), end="")
        if len(lines) > MOST_SHOWN:
            print(f"  … and {len(lines) - MOST_SHOWN} more")
    sys.exit(differ)


if __name__ == "__main__":
    main()
