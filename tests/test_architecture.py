"""The import rules of the design: data flows one way, and the command line starts quickly."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "infoeval"

# What only shows something is given it, and imports nothing of ours that computes.
SHOWN_ONLY = (
    *("torch", "numpy", "content", "files", "data", "codes", "networks", "training", "checkpoint"),
    *("model", "information", "metrics", "results", "scoring", "analysis", "report", "intervals"),
    *("devices", "traversals", "sweep", "cli"),
)

# Left to right as the design draws it; a part is a module or a package of infoeval.
NOT_IMPORTED_BY: dict[str, tuple[str, ...]] = {
    "errors": ("*",),
    "intervals": (
        *("torch", "files", "content", "data", "codes", "networks", "traversals", "training"),
        *("checkpoint", "model", "information", "metrics", "results", "scoring", "analysis"),
        *("report", "devices", "cli"),
    ),
    "files": ("torch", "data", "training", "checkpoint", "model", "metrics", "report"),
    "content": ("torch", "data", "training", "checkpoint", "model", "metrics", "report"),
    "data": (
        *("torch", "codes", "networks", "training", "checkpoint", "model", "information"),
        *("metrics", "results", "scoring", "analysis", "report"),
    ),
    "codes": ("networks", "data", "training", "checkpoint", "model", "metrics", "report"),
    "networks": ("data", "training", "checkpoint", "model", "metrics", "report"),
    "traversals": ("data", "training", "checkpoint", "model", "metrics", "report", "networks"),
    "training": (
        *("model", "information", "metrics", "results", "scoring", "sweep", "analysis", "report"),
    ),
    "checkpoint": ("model", "information", "metrics", "results", "scoring", "analysis", "report"),
    "model": ("information", "metrics", "results", "scoring", "analysis", "report", "data"),
    "information": ("metrics", "results", "scoring", "analysis", "report"),
    "metrics": (
        *("torch", "data", "codes", "networks", "training", "checkpoint", "model"),
        *("information", "results", "scoring", "analysis", "report", "traversals"),
    ),
    "results": (
        *("torch", "data", "codes", "networks", "training", "checkpoint", "model"),
        *("information", "metrics", "scoring", "analysis", "report"),
    ),
    "scoring": ("sweep", "analysis", "report", "printing", "progress", "cli"),
    "sweep": ("analysis", "report", "printing", "progress", "cli"),
    "live": ("information", "metrics", "results", "scoring", "sweep", "analysis", "cli"),
    "lists": ("torch", "numpy", "training", "sweep", "cli"),
    "printing": SHOWN_ONLY,
    "progress": SHOWN_ONLY,
    "report": (
        *("torch", "data", "codes", "networks", "training", "checkpoint", "model"),
        *("information", "metrics", "scoring", "analysis", "traversals", "live"),
    ),
}


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


def reached(module: str) -> set[str]:
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
    return seen


def part(name: str) -> str:
    """Which part of the design a module is in: "infoeval.data.formats.idx" is in "data"."""
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "infoeval" and len(pieces) > 1 else pieces[0]


def of_part(name: str) -> list[str]:
    return [module for module in modules() if part(module) == name and module != "infoeval"]


def test_the_rules_are_about_parts_that_exist() -> None:
    parts = {part(module) for module in modules()}
    assert set(NOT_IMPORTED_BY) <= parts
    named = {name for names in NOT_IMPORTED_BY.values() for name in names}
    named -= {"*", "torch", "numpy"}
    assert named <= parts
    assert "torch" in imports("infoeval.codes")
    assert "infoeval.networks" in imports("infoeval.checkpoint")
    assert {"torch", "infoeval.codes"} <= reached("infoeval.evaluation")


@pytest.mark.parametrize("name", NOT_IMPORTED_BY)
def test_nothing_on_the_left_imports_what_is_on_its_right(name: str) -> None:
    forbidden = NOT_IMPORTED_BY[name]
    for module in of_part(name):
        parts = {part(other) for other in reached(module)} - {name}
        if forbidden == ("*",):
            parts = {other for other in parts if other in {part(m) for m in modules()}}
            assert not parts, module
        else:
            assert not parts & set(forbidden), module


def test_the_command_line_is_imported_by_nobody() -> None:
    importers = [module for module in modules() if "infoeval.cli" in imports(module)]
    assert importers == ["infoeval.__main__"]


@pytest.mark.parametrize("name", ["printing", "progress"])
def test_what_shows_things_is_imported_by_the_command_line_alone(name: str) -> None:
    importers = {
        part(module)
        for module in modules()
        if any(part(other) == name for other in imports(module))
    }
    assert importers - {name} == {"cli"}
    foreign = {other for module in of_part(name) for other in reached(module)} - set(modules())
    assert foreign - set(sys.stdlib_module_names) <= {"click", "rich"}


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
        "import sys, infoeval.cli, infoeval.data, infoeval.metrics, infoeval.report, "
        "infoeval.results\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(infoeval.cli.main, ['train', '--help']).exit_code == 0\n"
        "assert CliRunner().invoke(infoeval.cli.main, ['data', 'ls']).exit_code == 0\n"
        "heavy = {'torch', 'torchvision'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=300)


def test_a_dry_run_imports_torch_and_little_else() -> None:
    """What resolves the settings of a training needs none of what trains, draws or scores."""
    program = (
        "import sys, infoeval.cli\n"
        "from click.testing import CliRunner\n"
        "result = CliRunner().invoke(infoeval.cli.main, ['train', 'mnist', '--dry-run'])\n"
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
