"""The README's promises that a machine can check."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from infoeval.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


def test_commands_in_the_readme_exist() -> None:
    """Every `infoeval …` line names a command and options that the program has."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL))
    lines = re.findall(r"^infoeval (.+?)(?:\s+#.*)?$", blocks, flags=re.MULTILINE)
    assert lines
    for line in lines:
        words = line.split()
        command = words[:2] if words[0] == "data" else words[:1]
        result = CliRunner().invoke(main, [*command, "--help"])
        assert result.exit_code == 0
        for option in (word for word in words if word.startswith("-")):
            assert option in result.output, option
