"""The import rules of the design: data flows one way, and the command line starts quickly."""

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from infoeval.data.datasets import MODULES

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "infoeval"

BASE = {
    "arrays",
    "errors",
    "files",
    "locks",
    "content",
    "devices",
    "fragment",
    "intervals",
    "option_fields",
    "python_files",
}
"""Modules that several packages share. They import no package."""

MAY_IMPORT: dict[str, set[str]] = {
    "augment": set(),
    "coarse": set(),
    "region": set(),
    "invariance": set(),
    "tensor_archive": set(),
    "priors": set(),
    "codes": {"priors"},
    "networks": {"coarse", "codes", "region"},
    "traversals": {"codes"},
    "trainer": {"augment", "coarse", "codes", "networks", "region"},
    "checkpoint": {"codes", "networks", "tensor_archive", "trainer"},
    "data": set(),
    "training": {
        *("augment", "checkpoint", "codes", "data", "invariance", "networks", "trainer"),
        "traversals",
    },
    "subjects": {"checkpoint", "codes", "data", "networks", "trainer", "traversals"},
    "metrics": set(),
    "latent": {"data", "subjects"},
    "information": {"codes", "metrics", "priors", "subjects"},
    "results": set(),
    "reporting": {"results"},
    "viewer": {"reporting", "results"},
    "live": {"networks", "reporting", "subjects"},
    "evaluation": {
        *("augment", "codes", "data", "information", "invariance", "latent", "live", "metrics"),
        *("reporting", "results", "subjects", "trainer", "traversals"),
    },
    "sweep": {
        *("augment", "checkpoint", "data", "evaluation", "metrics", "networks", "results"),
        *("subjects", "trainer", "training"),
    },
    "integrations": {"evaluation", "results", "subjects"},
    "cli": {
        *("checkpoint", "data", "evaluation", "live", "metrics", "sweep", "training", "viewer"),
    },
    "__main__": {"cli"},
}
"""What a part (a package or a module of infoeval) may import beside the shared modules."""

WITHOUT_TORCH = ("data", "metrics", "results", "reporting", "viewer", *sorted(BASE - {"devices"}))
"""Parts that know arrays, files and texts: importing one imports no torch."""

SHOWN_ONLY = ("infoeval.cli.terminal", "infoeval.cli.progress", "infoeval.cli.parameter_types")
"""Modules that show what they are given: nothing that they import computes anything."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by its full name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """What a module imports: modules of ours by full name, others by their first.

    Imports inside functions count; those for the type checker alone do not.
    """
    path = modules()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return frozenset(_imports(ast.parse(path.read_text(encoding="utf-8")), package))


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield _known(alias.name)
    elif isinstance(node, ast.ImportFrom):
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join(([*parents] if node.level else []) + ([node.module] if node.module else []))
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield full if full in modules() else _known(base)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, package)


def _known(name: str) -> str:
    return name if name in modules() else name.partition(".")[0]


@cache
def reached(module: str) -> frozenset[str]:
    """All that importing a module brings in, through other modules of ours.

    `infoeval` itself is left out: it hands its names out when they are asked for.
    """
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imports(waiting.pop()):
            if name not in seen and name != "infoeval":
                seen.add(name)
                waiting += [name] if name in modules() else []
    return frozenset(seen)


def part(name: str) -> str:
    """Which part of the design a module is in: "infoeval.data.formats.idx" is in "data"."""
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "infoeval" and len(pieces) > 1 else pieces[0]


def of_part(name: str) -> list[str]:
    return [module for module in modules() if part(module) == name and module != "infoeval"]


def of_package(name: str) -> list[str]:
    """The modules of a package, given by its full name, and of the packages in it."""
    return [module for module in modules() if module == name or module.startswith(f"{name}.")]


# Between packages.


def test_the_rules_are_about_parts_that_exist() -> None:
    assert {part(module) for module in modules()} == {*BASE, *MAY_IMPORT, "infoeval"}
    assert "torch" in imports("infoeval.codes")
    assert "infoeval.networks" in imports("infoeval.checkpoint")
    assert {"torch", "infoeval.codes"} <= reached("infoeval.evaluation.evaluate")


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_part_imports_what_it_may(name: str) -> None:
    for module in of_part(name):
        parts = {part(other) for other in imports(module) if other in modules()}
        assert parts <= {*BASE, *MAY_IMPORT[name], name, "infoeval"}, module


@pytest.mark.parametrize("name", sorted(BASE))
def test_shared_modules_import_no_package(name: str) -> None:
    for module in of_part(name):
        assert {part(other) for other in imports(module) if other in modules()} <= BASE, module


def test_what_a_part_may_import_is_what_it_does_import() -> None:
    """A permission that nobody needs is withdrawn."""
    unused = {"checkpoint": {"codes"}, "subjects": {"trainer"}}
    for name, permitted in MAY_IMPORT.items():
        used = {part(other) for module in of_part(name) for other in imports(module)}
        assert permitted - used == unused.get(name, set()), name


def test_no_arrow_leads_back() -> None:
    order = tuple(TopologicalSorter(MAY_IMPORT).static_order())
    way = ("trainer", "training", "subjects", "information", "evaluation", "sweep", "cli")
    assert sorted(way, key=order.index) == list(way)


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_knows_arrays_alone_imports_no_torch(name: str) -> None:
    for module in of_part(name):
        assert "torch" not in reached(module), module


def test_the_page_is_written_by_one_module() -> None:
    """Evaluation hands its results to the report there, and knows no more of it.

    The index of a folder is a page as well, in the words of the report.
    """
    importers = {
        module
        for module in modules()
        if part(module) not in ("reporting", "live", "viewer")
        and any(part(other) == "reporting" for other in imports(module))
    }
    assert importers == {"infoeval.evaluation.report_files"}


def test_the_command_line_is_imported_by_nobody() -> None:
    importers = {
        module
        for module in modules()
        if part(module) != "cli" and any(part(other) == "cli" for other in imports(module))
    }
    assert importers == {"infoeval.__main__"}


@pytest.mark.parametrize("name", SHOWN_ONLY)
def test_what_shows_something_computes_nothing(name: str) -> None:
    for module in of_package(name):
        ours = {other for other in reached(module) if other in modules()}
        assert all(other.startswith(("infoeval.cli.", "infoeval.errors")) for other in ours)
        foreign = reached(module) - ours - set(sys.stdlib_module_names)
        assert foreign <= {"click", "rich"}, module


# Inside packages.


def test_data_sets_import_formats_and_drawings_and_these_import_no_data_set() -> None:
    sets = {*MODULES.values(), "infoeval.data.folder"}
    registry = {"infoeval.data", "infoeval.data.datasets"}
    formats, rendering = (
        set(of_package(f"infoeval.data.{name}")) for name in ("formats", "rendering")
    )
    shared = set(of_part("data")) - sets - registry - formats - rendering
    for modules_of, permitted in (
        (shared, shared),
        (rendering, rendering | shared),
        (formats, formats | rendering | shared),
        (sets, sets | formats | rendering | shared),
    ):
        for module in modules_of:
            ours = {other for other in imports(module) if part(other) == "data"}
            assert ours <= permitted, module


def test_metrics_import_statistics_and_these_import_no_metric() -> None:
    trees, stats = (set(of_package(f"infoeval.metrics.{name}")) for name in ("trees", "stats"))
    shared = {"infoeval.metrics.score"}
    for modules_of, permitted in (
        (shared, shared),
        (trees, trees),
        (stats, stats | trees | shared),
    ):
        for module in modules_of:
            ours = {other for other in imports(module) if part(other) == "metrics"}
            assert ours <= permitted, module


def test_the_registry_imports_no_metric() -> None:
    """Each is imported when it is asked for."""
    ours = {other for other in reached("infoeval.metrics.registry") if other in modules()}
    assert {part(other) for other in ours} <= BASE


def test_figures_know_no_page() -> None:
    pages = {
        *("infoeval.reporting", "infoeval.reporting.page", "infoeval.reporting.sections"),
        *("infoeval.reporting.verdict", "infoeval.reporting.evidence", "infoeval.reporting.paper"),
    }
    for module in of_package("infoeval.reporting.figures"):
        assert not reached(module) & pages, module


def test_a_module_s_name_occurs_once() -> None:
    """`__init__` and `__main__` aside."""
    names = Counter(path.stem for path in modules().values() if not path.stem.startswith("__"))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_class_s_name_occurs_once() -> None:
    names = [
        node.name
        for path in modules().values()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert not {name for name in names if names.count(name) > 1}


def test_no_two_modules_import_each_other() -> None:
    for module in modules():
        assert module == "infoeval" or module not in reached(module), module


def test_trainers_are_declarations() -> None:
    """A trainer reads like a page of the appendix: it imports ours and the standard library."""
    for path in (ROOT / "trainers").glob("*.py"):
        found = set(_imports(ast.parse(path.read_text(encoding="utf-8")), ""))
        foreign = {part(name) for name in found if not name.startswith("infoeval")}
        assert foreign <= {"dataclasses"}, path.name


def test_the_command_line_starts_without_torch() -> None:
    """Help, data sets and reports need no networks; torch alone takes seconds to import."""
    program = (
        "import sys, infoeval.cli, infoeval.data, infoeval.metrics, infoeval.reporting, "
        "infoeval.results\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(infoeval.cli.main, ['train', '--help']).exit_code == 0\n"
        "assert CliRunner().invoke(infoeval.cli.main, ['data', 'ls']).exit_code == 0\n"
        "heavy = {'torch', 'torchvision'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=300)


def test_a_table_of_codes_is_scored_without_torch(tmp_path: Path) -> None:
    """By every metric that takes one, from a file of any format and from arrays in memory."""
    program = """
import sys
import numpy as np
import pandas as pd
from infoeval.evaluation import score
from infoeval.metrics import registry

random = np.random.default_rng(0)
factors = np.indices((2, 4)).reshape(2, -1).T.repeat(40, axis=0)
codes = factors + random.normal(size=factors.shape) / 3
frame = pd.DataFrame(np.c_[codes, factors], columns=["z_0", "z_1", "a", "b"])
frame = frame.astype({"a": int, "b": int})
frame.to_csv("codes.csv", index=False)
frame.to_parquet("codes.parquet")
np.savez("codes.npz", codes=codes, factors=factors)
pair = {"codes": codes, "factors": factors}
for table in ("codes.csv", "codes.parquet", "codes.npz", pair, (codes, factors), frame):
    assert len(score(table, metrics=["mig"], replicates=2, null=1).results) == 1
classes = {"codes": factors, "factors": factors}
given = {"labels": classes, "models": [codes, codes[:, ::-1]]}
scored = set()
for name in (name for name, home in registry.HOMES.items() if ".metrics." in home):
    kind = registry.find(name).kind
    if kind in ("labels", "table", "interventions", "codes", "models"):
        score(given.get(kind, pair), metrics=[name], replicates=0, null=0)
        assert "torch" not in sys.modules, name
        scored.add(name)
assert len(scored) > 20
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    subprocess.run(command, env=environment, check=True, timeout=300, cwd=tmp_path)


def test_a_dry_run_imports_torch_and_little_else() -> None:
    """What resolves the settings of a training needs none of what trains, draws or scores."""
    program = (
        "import sys, infoeval.cli\n"
        "from click.testing import CliRunner\n"
        "arguments = ['train', 'digits', '--dry-run', '--json']\n"
        "result = CliRunner().invoke(infoeval.cli.main, arguments)\n"
        "assert result.exit_code == 0, result.output\n"
        "assert 'torch' in sys.modules\n"
        "known = {'scipy', 'sklearn', 'pandas', 'matplotlib', 'torchvision', 'joblib', 'rich', "
        "'pydantic'}\n"
        "heavy = (known | {'infoeval.data'}) & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=300)


def test_help_imports_nothing_that_computes() -> None:
    program = (
        "import sys, infoeval.cli\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(infoeval.cli.main, ['--help']).exit_code == 0\n"
        "known = {'torch', 'numpy', 'scipy', 'pandas', 'PIL', 'matplotlib', 'rich', 'pydantic'}\n"
        "known |= {'infoeval.results'}\n"
        "heavy = known & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=300)
