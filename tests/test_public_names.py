"""`import infoeval as ie`: its names, and one number whatever way it is asked for."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import infoeval as ie
from infoeval.cli import main
from tests.cli.commands import of_json, succeeds
from tests.evaluation.scoring import store, table

QUICK = {"metrics": ["mig", "sap"], "replicates": 8, "null": 2}


def test_dir_lists_the_public_names_and_each_is_there() -> None:
    assert dir(ie) == sorted(ie.__all__)
    for name in ie.__all__:
        assert getattr(ie, name) is not None, name
    with pytest.raises(AttributeError, match="'infoeval' has no attribute 'scoer'"):
        _ = ie.scoer


def test_a_name_is_the_same_after_its_parts_were_imported() -> None:
    """No package of ours is called like a function, which importing the package would hide."""
    program = (
        "import importlib, infoeval as ie\n"
        "before = {name: getattr(ie, name) for name in ie.__all__}\n"
        "import pkgutil\n"
        "names = [module.name for module in pkgutil.iter_modules(ie.__path__)]\n"
        "for name in names:\n"
        "    if name != '__main__':\n"
        "        importlib.import_module(f'infoeval.{name}')\n"
        "changed = [n for n in ie.__all__ if getattr(ie, n) is not before[n]]\n"
        "assert not changed, changed\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


def test_importing_it_imports_nothing_heavy() -> None:
    program = (
        "import sys, infoeval; dir(infoeval); assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


def test_the_same_numbers_by_every_way(tmp_path: Path) -> None:
    arrays = table()
    path = store(tmp_path / "codes.npz", **arrays)
    document = ie.score(arrays["codes"], arrays["factors"], **QUICK)
    expected = {r.metric: (r.value, r.low, r.high, r.n) for r in document.results}
    assert len(expected) == 2

    command = f"score {path} --metric mig --metric sap --replicates 8 --null 2 --json"
    said = of_json(succeeds(*command.split()))
    frames = {
        "frame": document.to_frame(),
        "csv": pd.read_csv(io.StringIO(document.to_csv())),
        "json": pd.DataFrame(json.loads(document.to_json())["results"]),
        "dict": pd.DataFrame(document.to_dict()["results"]),
        "command": pd.DataFrame(said["results"]),
        "file": ie.score(path, **QUICK).to_frame(),
    }
    for way, frame in frames.items():
        rows = frame[["metric", "value", "low", "high", "n"]].itertuples(index=False)
        assert {row[0]: tuple(row[1:]) for row in rows} == expected, way
    score = ie.metrics.mig(arrays["codes"], arrays["factors"], replicates=8, null=2)
    assert (score.value, score.low, score.high, score.n) == expected["mig"]
    for metric, (value, low, high, n) in expected.items():
        cells = [f">{metric}<", f">{value:.4g}<", f">{low:.4g} to {high:.4g}<", f">{n}<"]
        assert all(cell in document._repr_html_() for cell in cells), metric


@pytest.mark.parametrize("kind", ["array", "tensor", "frame", "mapping", "pair"])
def test_factors_of_any_kind_give_the_same(kind: str) -> None:
    arrays = table()
    codes, factors = arrays["codes"], arrays["factors"]
    columns = {"a": factors[:, 0], "b": factors[:, 1]}
    given = {
        "array": (codes, factors),
        "tensor": (torch.from_numpy(codes), torch.from_numpy(factors)),
        "frame": (pd.DataFrame(codes, columns=["z", "y"]), pd.DataFrame(columns)),
        "mapping": (codes, columns),
        "pair": ((codes, factors), None),
    }[kind]
    document = ie.score(*given, metrics=["mig"], replicates=0, null=0)
    assert document.results[0].value == ie.metrics.mig(codes, factors, replicates=0, null=0).value


def test_metrics_in_the_place_of_factors_are_a_clear_error() -> None:
    with pytest.raises(ie.UserError, match="metrics are metrics=\\['mig'\\]"):
        ie.score(table()["codes"], ["mig"])
    with pytest.raises(ie.UserError, match="metrics are metrics=\\['mig'\\]"):
        ie.compare([table()["codes"]] * 2, ["mig"])


def test_tables_of_the_same_rows_are_compared_by_factors_given_once() -> None:
    arrays = table()
    codes, factors = arrays["codes"], arrays["factors"]
    worse = codes + np.random.default_rng(1).normal(size=codes.shape)
    once = ie.compare([codes, worse], factors, **QUICK)
    each = ie.compare([(codes, factors), (worse, factors)], **QUICK)
    assert once.to_frame()["difference"].tolist() == each.to_frame()["difference"].tolist()


def test_results_are_short_in_print_and_drawn_on_given_axes(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    arrays = table()
    document = ie.score(arrays["codes"], {"$x$": arrays["factors"][:, 0]}, **QUICK)
    assert repr(document) == "Document(ndarray on ndarray: 2 results)"
    axes = Figure().subplots()
    assert document.figure(axes) is axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["mig", "sap"]
    dots = [line.get_xdata() for line in axes.lines if line.get_marker() == "o"]
    assert np.ravel(dots).tolist() == [result.value for result in document.results]
    with pytest.raises(ie.UserError, match="dci"):
        document.figure(axes, metrics=["dci"])
    document.save(tmp_path / "scores.json")
    assert ie.Document.read(tmp_path / "scores.json") == document


def test_a_notebook_shows_the_matched_pairs_alone() -> None:
    arrays = table()
    scores = ie.score(arrays["codes"], arrays["factors"], metrics=["code-factors"], null=2)
    pairs = [result for result in scores.results if result.target is not None]
    shown = scores._repr_html_()
    for pair in pairs:
        assert (f">{pair.target}<" in shown) == pair.details["paired"]
    assert f"{len(pairs) - 2} pairs" in shown


def test_a_comparison_is_a_frame_a_figure_and_a_page(tmp_path: Path) -> None:
    arrays = table()
    worse = arrays["codes"] + np.random.default_rng(1).normal(size=arrays["codes"].shape)
    comparison = ie.compare(
        [(arrays["codes"], arrays["factors"]), (worse, arrays["factors"])], **QUICK
    )
    frame = comparison.to_frame()
    assert frame["difference"].tolist() == [d.difference for d in comparison.differences]
    assert "2 differences" in repr(comparison)
    assert len(comparison.figure().get_yticklabels()) == 2
    page = comparison.report(tmp_path / "page.html", title="Which is <better>?")
    assert "Which is &lt;better&gt;?" in page.read_text()
    assert "Comparison" in comparison._repr_html_()


def test_results_make_a_page_that_a_notebook_links_to(tmp_path: Path) -> None:
    arrays = table()
    document = ie.score(arrays["codes"], arrays["factors"], **QUICK)
    page = document.report(tmp_path / "a & b.html")
    assert page == tmp_path / "a & b.html"
    assert page.read_text().startswith("<!DOCTYPE html>")
    shown = page._repr_html_()  # type: ignore[attr-defined]
    assert "a%20%26%20b.html" in shown
    assert f">{document.results[0].value:.4g}<" in shown
    assert ie.report(document, tmp_path / "again.html").read_text() == page.read_text()


def test_a_subject_shows_what_it_is() -> None:
    subject = ie.open(table()["codes"])
    assert repr(subject) == "TableSubject('ndarray')"
    assert "code_names" in subject._repr_html_()


def test_images_are_described_and_not_dumped() -> None:
    said = repr(ie.images("digits"))
    assert said == "ImageSet(digits train: 1,438 images of 8×8 grey, 10 classes)"


def test_a_training_and_a_traversal_in_two_calls(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    checkpoint = ie.train("digits", tmp_path / "run", steps=2, batch=8, seed=3, device="cpu")
    by_command = tmp_path / "command"
    arguments = ["train", "digits", "--steps", "2", "--batch", "8", "--seed", "3", "--device"]
    main([*arguments, "cpu", "--out", str(by_command)], standalone_mode=False)
    weights = [
        [value.clone() for value in ie.open(path).model.networks.state_dict().values()]  # type: ignore[union-attr]
        for path in (checkpoint, by_command / "ckpt.pt")
    ]
    assert all(torch.equal(*pair) for pair in zip(*weights, strict=True))
    figure = ie.traverse(checkpoint, codes=["digit"], rows=2, device="cpu")
    assert isinstance(figure, Figure)
    assert len(figure.axes) == 1
    path = ie.traverse(checkpoint, tmp_path / "moving.gif", rows=1, device="cpu")
    assert path.read_bytes()[:4] == b"GIF8"  # type: ignore[union-attr]
    with pytest.raises(ie.UserError, match="no option of a training is called 'sede'"):
        ie.train("digits", tmp_path / "other", sede=3)
