"""Scoring anybody's model: codes in a file, functions in a Python file, several at once."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from infoeval.evaluation.catalogue import Asked, parse
from numpy.typing import NDArray

from infoeval import evaluation, metrics
from infoeval.cli import main
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.information.budgets import BUDGETS
from infoeval.metrics import all_metrics, names
from infoeval.metrics.registry import Kind
from infoeval.results import Document
from tests.tiny import TINY_BUDGET


def of_kind(kind: Kind) -> list[str]:
    return [item.name for item in all_metrics(kind)]


QUICK: dict[str, Any] = {"replicates": 4, "device": "cpu"}

MODEL = '''
import numpy as np
import torch

import beside
from infoeval import Categorical, CodeSpace, Uniform, UserError


def moments(images):
    """Centre, area and noise of a sprite."""
    x = images.float()[:, 0] / 255
    place = torch.arange(float(x.shape[1]))
    area = x.sum((1, 2))
    across, down = (x.sum(1) * place).sum(1) / area, (x.sum(2) * place).sum(1) / area
    return torch.stack([across, down, area, torch.randn(len(x))], 1)


def encoder():
    assert beside.THERE
    return moments


class Named:
    codes = CodeSpace(kind=Categorical(2), shift=Uniform(-1, 1), noise=1)

    def encode(self, images):
        found = moments(images)
        large = (found[:, 2:3] > 200).float()
        kind = torch.cat([1 - large, large], 1)
        return {"kind": kind, "place": found[:, :2], "area": found[:, 2]}

    def generate(self, codes, noise):
        grey = codes["kind"].float() / 2 + 0.2 * codes["shift"] + 0.2
        return grey[:, None, None, None].expand(-1, 1, 8, 8) + 0.0 * noise[:, :1, None, None]


def named():
    return Named()


def pair():
    return moments, Named()


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5))

    def forward(self, images):
        return self.layers(images.float())[:, :2]


def network():
    return Network()


def arrays():
    return lambda images: images.numpy().astype(float).mean((1, 2))


def raises():
    raise ValueError("no\\nluck")


def tells():
    raise UserError("weights.pt is not there")


def nothing():
    return 3


def half():
    return moments, moments


def fails():
    return lambda images: images @ 1


def tuples():
    return lambda images: (images, images)


def short():
    return lambda images: np.zeros((3, 2))


def missing():
    return lambda images: np.full((len(images), 2), np.nan)


value = 3
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Python file of models."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "model.py").write_text(MODEL)
    (folder / "beside.py").write_text("THERE = True\n")
    return folder


@pytest.fixture(autouse=True)
def in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


@pytest.fixture(autouse=True, scope="module")
def _sprites_are_drawn_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infoeval.evaluation.encoding.load", cache(load))
        yield


def table(n: int = 200, seed: int = 0) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(seed)
    factors = random.integers(0, [3, 4], size=(n, 2))
    return {"codes": factors + 0.3 * random.normal(size=(n, 2)), "factors": factors}


def store(path: str, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return path


def score(model: Any, names: list[str] | None = None, **options: Any) -> Document:
    return evaluation.score(model, names, **{**QUICK, **options})


def found(document: Document) -> dict[tuple[str, str | None], float]:
    return {(result.metric, result.target): result.value for result in document.results}


# Codes in a file.


def test_everything_that_applies_to_codes_of_a_file() -> None:
    arrays = table()
    path = store("plain.npz", **arrays)
    document = score(path)
    assert document.subject["codes"] == path
    assert document.data["n"] == 200
    scored = {result.metric for result in document.results}
    skipped = {each.metric: each.reason for each in document.skipped}
    for name in set(names()) - {"udr"}:
        parts = [each for each in scored if each == name or each.startswith(f"{name}-")]
        assert bool(parts) != (name in skipped), name
    assert skipped["cluster-acc"] == "there is no categorical code"
    assert skipped["mi"] == "codes of a file have no generator"
    assert set(skipped) == {
        *("cluster-acc", "cluster-nmi", "cluster-ari", "mi", "mi-own", "udr"),
        *("real-sorting", "real-label-information"),
    }
    direct = metrics.dci(arrays["codes"], arrays["factors"], replicates=4)
    values = found(document)
    for part, told in direct.details["parts"].items():
        assert values[f"dci-{part}", None] == told["value"]
    assert values["mig", None] == metrics.mig(arrays["codes"], arrays["factors"]).value
    assert Document.from_json(document.to_json()) == document


def test_names_types_and_test_rows_of_a_file() -> None:
    arrays, others = table(), table(seed=1)
    kinds = np.array(["continuous", "categorical"])
    codes = np.column_stack([arrays["codes"][:, 0], 3 - arrays["factors"][:, 1]])
    test = np.column_stack([others["codes"][:, 0], 3 - others["factors"][:, 1]])
    path = store(
        "whole.npz",
        codes=codes,
        factors=arrays["factors"],
        codes_test=test,
        factors_test=others["factors"],
        code_types=kinds,
        code_names=np.array(["size", "kind"]),
        factor_names=np.array(["width", "shape"]),
    )
    document = score(path, ["cluster-acc", "dci", "mig"])
    values = found(document)
    assert values["cluster-acc", "kind, shape"] == 1
    matched = next(each for each in document.results if each.target == "kind, shape")
    assert matched.n == 200
    assert matched.details["matching"] == [3, 2, 1, 0]
    direct = metrics.dci(
        codes, arrays["factors"], test=(test, others["factors"]), code_types=list(kinds)
    )
    assert values["dci-disentanglement", None] == direct.value
    mig = next(result for result in document.results if result.metric == "mig")
    assert mig.details["best_code"] == ["size", "kind"]
    assert mig.n == 200
    # What is asked for goes before what the file says.
    with pytest.raises(UserError, match="there is no categorical code"):
        score(path, ["cluster-acc"], code_types=["continuous", "continuous"])


def test_codes_without_factors() -> None:
    path = store("codes.npz", codes=table()["codes"])
    document = score(path)
    assert {result.metric for result in document.results} == set(of_kind("codes"))
    assert {each.reason for each in document.skipped if each.metric in of_kind("table")} == {
        "there are no factors"
    }
    with pytest.raises(UserError, match="mig: there are no factors"):
        score(path, ["mig"])


def test_options_reach_the_metrics() -> None:
    path = store("options.npz", **table())
    document = score(path, ["mig:estimator=corrected", "sap"], level=0.5, null=3, seed=7)
    mig = next(result for result in document.results if result.metric == "mig")
    direct = metrics.mig(
        *table().values(), estimator="corrected", replicates=4, level=0.5, null=3, seed=7
    )
    assert (mig.value, mig.low, mig.high) == (direct.value, direct.low, direct.high)
    assert mig.details["null"] == direct.details["null"]
    assert mig.settings == {"seed": 7, "own": {"estimator": "corrected"}}
    assert all(result.level == 0.5 for result in document.results)
    none = score(path, ["mig"], replicates=0).results[0]
    assert (none.low, none.high) == (None, None)
    dead = np.column_stack([table()["codes"], np.zeros(200)])
    path = store("dead.npz", codes=dead, factors=table()["factors"])
    assert score(path, ["mig-sup"], prune=True).results[0].details["pruned"] == ["code 2"]


BAD_FILES: dict[str, tuple[dict[str, Any], str]] = {
    "no codes": ({"factors": [1, 2]}, "holds no array called codes"),
    "images": ({"images": np.zeros((2, 8, 8))}, "images are given to a model with --data"),
    "three axes": ({"codes": np.zeros((2, 2, 2))}, r"codes has shape \(2, 2, 2\)"),
    "other rows": ({"codes": [1.0, 2.0], "factors": [1, 2, 3]}, "2 rows of codes for 3 rows"),
    "missing": ({"codes": [1.0, np.nan], "factors": [1, 2]}, "code 0: nan is not a finite"),
    "names": ({"codes": [1.0, 2.0], "code_names": np.array(["a", "b"])}, "1 different names"),
    "no words": ({"codes": [1.0, 2.0], "code_names": [1.0]}, "must be a list of words"),
    "types": ({"codes": [1.0, 2.0], "code_types": np.array(["x"])}, "code 0: no type 'x'"),
    "objects": ({"codes": np.array([{}, {}], dtype=object)}, "object"),
    "half a test": (
        {"codes": [1.0, 2.0], "factors": [1, 2], "codes_test": [1.0, 2.0]},
        "both factors and factors_test",
    ),
    "other columns": (
        {"codes": [1.0, 2.0], "codes_test": np.ones((2, 2))},
        "codes_test has other columns than codes",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_that_are_no_table(case: str) -> None:
    arrays, message = BAD_FILES[case]
    with pytest.raises(UserError, match=message):
        score(store("bad.npz", **arrays))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"nowhere\.npz: no such file"):
        score("nowhere.npz")
    with pytest.raises(UserError, match="--data has no use"):
        score(store("good.npz", **table()), data="sprites")


# A function in a Python file.


def test_an_encoder_of_images() -> None:
    document = score("model.py:encoder", ["mig", "sap"], data="sprites", rows=300)
    assert document.subject["model"] == "model.py:encoder"
    assert document.data["name"] == "sprites"
    mig = document.results[0]
    assert mig.n == 300
    assert mig.details["codes"] == ["code 0", "code 1", "code 2", "code 3"]
    assert mig.details["factors"] == ["shape", "scale", "orientation", "x", "y"]
    assert mig.details["best_code"][3:] == ["code 0", "code 1"]
    assert document.results[1].details["fit_n"] == 300
    again = score("model.py:encoder", ["mig", "sap"], data="sprites", rows=300)
    assert found(again) == found(document)


def test_named_codes_and_labels() -> None:
    document = score("model.py:named", ["mig", "cluster-acc"], data="digits")
    mig = document.results[0]
    assert mig.details["codes"] == ["kind", "place 0", "place 1", "area"]
    assert mig.details["factors"] == ["label"]
    assert ("cluster-acc", "kind") in found(document)


def test_why_the_information_of_a_generator_is_left_out() -> None:
    document = score("model.py:named", data="digits", rows=60, replicates=0)
    skipped = {each.metric: each.reason for each in document.skipped}
    assert skipped["mi"] == "takes minutes: ask for it with --metric mi"


def test_information_of_a_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", TINY_BUDGET)
    for function in ("named", "pair"):
        document = score(f"model.py:{function}", ["mi"], budget="tiny")
        assert {target for name, target in found(document) if name == "mi"} >= {"kind", "shift"}
    with pytest.raises(UserError, match="has no generator"):
        score("model.py:encoder", ["mi"])


def test_interventions_on_drawn_images() -> None:
    settings = "simulate=true,train_points=40,test_points=40,batch=8"
    document = score("model.py:encoder", [f"factor-vae:{settings}"], data="sprites", rows=50)
    assert document.results[0].n == 40
    assert document.results[0].details["encodings"] > 0
    with pytest.raises(UserError, match="simulate needs a model, and images that can be drawn"):
        score("model.py:encoder", ["beta-vae:simulate=true"], data="digits", rows=50)


def test_a_network_is_put_into_evaluation_mode() -> None:
    first, second = (
        score("model.py:network", ["mig"], data="digits", seed=seed) for seed in (0, 1)
    )
    assert found(first) == found(second)


def test_arrays_of_other_frameworks() -> None:
    document = score("model.py:arrays", ["mig"], data="digits")
    assert len(document.results[0].details["codes"]) == 8


class InMemory:
    """Two codes of digits."""

    def encode(self, images: Any) -> Any:
        return images.float().mean((1, 2))[:, :2]


def test_models_in_memory() -> None:
    model = InMemory()
    document = score(model, ["mig"], data="digits")
    assert document.subject == {"model": "InMemory", "sha256": None}
    assert found(score(model.encode, ["mig"], data="digits")) == found(document)
    assert found(score((model, None), ["mig"], data="digits")) == found(document)
    several = score([model, model.encode, "model.py:arrays"], data="digits", rows=100)
    assert several.subject["models"] == ["model 0", "model 1", "model.py:arrays"]
    with pytest.raises(UserError, match="InMemory has no generator"):
        score(model, ["mi"])
    with pytest.raises(UserError, match="float returned float; return an encoder"):
        score(3.0, data="digits")
    with pytest.raises(UserError, match="no model"):
        score([])
    comparison = evaluation.compare(model, "model.py:arrays", ["mig"], data="digits", replicates=5)
    assert len(comparison.differences) == 1


BAD_MODELS = {
    "model.py:encoder": "say which with --data",
    "nowhere.py:encoder": "no Python file at nowhere.py",
    "model.py:absent": "model.py has no function 'absent'",
    "model.py:value": "model.py has no function 'value'",
    "model.py:raises": r"raises\(\) failed: ValueError: no luck",
    "model.py:tells": "weights.pt is not there",
    "model.py:nothing": "returned int; return an encoder",
    "model.py:half": "returned a generator without `codes`",
}
BAD_ENCODERS = {
    "fails": r"the encoder failed on uint8 images \(359, 1, 8, 8\): ",
    "tuples": "the encoder returned a tuple",
    "short": r"the encoder returned float64 of shape \(3, 2\)",
    "missing": "code 0: nan is not a finite number",
}


@pytest.mark.parametrize("model", BAD_MODELS)
def test_functions_that_return_no_model(model: str) -> None:
    with pytest.raises(UserError, match=BAD_MODELS[model]) as caught:
        score(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("function", BAD_ENCODERS)
def test_encoders_that_return_no_codes(function: str) -> None:
    with pytest.raises(UserError, match=BAD_ENCODERS[function]):
        score(f"model.py:{function}", data="digits", rows=359)


# Several models, and what is asked for.


def test_several_models_are_compared_by_udr() -> None:
    rotated = table()["codes"] @ np.array([[0.8, 0.6], [-0.6, 0.8]])
    paths = [
        store("one.npz", codes=table()["codes"]),
        store("two.npz", codes=-table()["codes"][:, ::-1]),
        store("three.npz", codes=rotated),
    ]
    document = score(paths)
    assert document.subject["models"] == paths
    assert {result.metric for result in document.results} == {"udr"}
    assert [result.target for result in document.results] == [None, *paths]
    assert score(paths[:2], ["udr"]).results[0].value > document.results[0].value
    with pytest.raises(UserError, match="mig is about one model"):
        score(paths, ["mig"])
    with pytest.raises(UserError, match="compares models: give several"):
        score(paths[0], ["udr"])


def test_two_tables_are_compared() -> None:
    factors = table()["factors"]
    good = store("good.npz", **table())
    worse = store("worse.npz", codes=table()["codes"] @ [[1, 1], [-1, 1]], factors=factors)
    comparison = evaluation.compare(good, worse, ["mig", "dci"], replicates=20)
    differences = {each.metric: each for each in comparison.differences}
    assert differences["mig"].low is not None
    assert differences["mig"].low > 0
    assert set(differences) == {
        *("mig", "dci-disentanglement", "dci-completeness", "dci-informativeness")
    }


def test_functions_are_compared_with_one_another() -> None:
    models = ["model.py:encoder", "model.py:named"]
    comparison = evaluation.compare(models[0], models[1], ["mig"], data="sprites", rows=200)
    assert [each.metric for each in comparison.differences] == ["mig"]
    document = score(["model.py:encoder", "model.py:encoder"], ["udr"], data="sprites", rows=200)
    assert [result.target for result in document.results] == [None, *["model.py:encoder"] * 2]
    assert document.results[0].value > 0.5


def test_images_without_labels_or_factors() -> None:
    images = np.random.default_rng(0).integers(0, 256, size=(40, 8, 8), dtype=np.uint8)
    data = store("images.npz", images=images)
    document = score("model.py:arrays", data=data)
    assert {result.metric for result in document.results} <= set(of_kind("codes"))
    skipped = {each.metric: each.reason for each in document.skipped}
    assert skipped["mig"] == "there are no factors"
    assert skipped["cluster-acc"] == "there are no factors or labels"


def test_what_is_asked_for() -> None:
    assert parse(["mig", "mig", "mi"]) == [Asked("mig"), Asked("mi")]
    assert parse(["dci:predictor=lasso,preset=laforge"]) == [
        Asked("dci", {"predictor": "lasso", "preset": "laforge"})
    ]
    assert parse(["downstream-accuracy:sizes=[10, 100]"])[0].settings == {"sizes": [10, 100]}
    assert parse(["beta-vae:simulate=true,batch=8"])[0].settings == {"simulate": True, "batch": 8}
    assert parse(["mig:"]) == [Asked("mig")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mug", "no metric 'mug'; there are mi-own"),
        ("mig:bins=3", "mig has no setting 'bins'; there are preset, estimator"),
        ("mi:budget=quick", "mi has no setting 'budget'; it has none"),
        ("mig:ksg", "settings are written name:setting=value"),
        ("mig:estimator", "settings are written name:setting=value"),
    ],
)
def test_what_cannot_be_asked_for(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse([text])


@pytest.mark.parametrize("text", ["mig:estimator=nothing", "code-information:bins=many"])
def test_settings_that_a_metric_cannot_use(text: str) -> None:
    with pytest.raises(UserError):
        score(store("settings.npz", **table()), [text])


def test_progress_is_told() -> None:
    told: list[tuple[str, float | None]] = []
    asked = ["mig", "sap", "irs"]
    score(store("told.npz", **table()), asked, say=lambda *each: told.append(each))
    assert [text.split(",")[0] for text, _ in told] == asked
    assert all(share is not None and 0 <= share <= 1 for _, share in told)


def test_the_command_line_does_the_same() -> None:
    path = store("cli.npz", **table())
    arguments = ["score", path, "--metric", "mig:preset=laforge", "--null", "2"]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)["results"][0]
    assert printed["details"]["null"]["tables"] == 2
    assert printed["settings"]["own"] == {"preset": "laforge"}
    shown = CliRunner().invoke(main, arguments).stdout
    assert "mig:preset=laforge" in shown
    assert "shuffled" in shown
    compared = CliRunner().invoke(main, ["compare", path, path, "--metric", "mig"]).stdout
    assert "+0.0000" in compared


@pytest.mark.parametrize(
    "wrong",
    [
        ["--metric", "mug"],
        ["--metric", "mig", "--factor-types", "discrete"],
        ["--metric", "mig", "--null", "-1"],
        ["--rows", "1"],
    ],
)
def test_wrong_options_are_one_line(wrong: list[str]) -> None:
    result = CliRunner().invoke(main, ["score", store("wrong.npz", **table()), *wrong])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("Error: ")
