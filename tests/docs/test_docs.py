"""The documents build without a warning, read offline, and say only what runs."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from megawatt.core.units import Unit

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as make docs does it: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_every_page_is_built(built: Path) -> None:
    wanted = {
        path.relative_to(ROOT / "docs").with_suffix(".html") for path in PAGES if path.is_relative_to(ROOT / "docs")
    }
    assert {path for path in wanted if not (built / path).exists()} == set()


def test_the_built_site_loads_nothing_from_elsewhere(built: Path) -> None:
    """Scripts, styles, fonts and pictures; a link that a reader may follow is no load."""
    loads = re.compile(
        r"<(?:script|link|img|iframe|source|video|object)\b[^>]*?(?:src|href|data)=[\"']?((?:https?:)?//[^\s\"'>]+)"
    )
    found = [(path.name, address) for path in built.rglob("*.html") for address in loads.findall(path.read_text())]
    styles = re.compile(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\s\"')]+)")
    found += [(path.name, address) for path in built.rglob("*.css") for address in styles.findall(path.read_text())]
    # The theme's script would fetch the diagram library, but only for a page that holds a diagram.
    found += [(path.name, "a diagram") for path in built.rglob("*.html") if 'class="mermaid"' in path.read_text()]
    assert found == []


@pytest.mark.parametrize("path", [path for path in PAGES if blocks(path, "python")], ids=name)
def test_the_python_on_a_page_runs_from_top_to_bottom(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks(path, "python")), name(path), "exec"), {"__name__": "__page__"})  # noqa: S102  # our page


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_make_word_on_a_page_is_a_target(path: Path) -> None:
    text = path.read_text()
    words = set(re.findall(r"`make ([a-z]+)", text))
    words |= {
        word
        for block in blocks(path, "console")
        for word in re.findall(r"^\$ make ([a-z]+)", block, flags=re.MULTILINE)
    }
    assert words <= TARGETS


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "CHANGELOG.md"], ids=name)
def test_every_link_of_a_page_outside_the_site_leads_to_a_file(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", path.read_text()) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_decision_says_what_it_was_compared_with_and_what_would_change_it() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    listed = (ROOT / "docs" / "decisions" / "index.md").read_text()
    for number, path in enumerate(decisions, start=1):
        text = path.read_text()
        assert path.name.startswith(f"{number:04d}-")
        assert path.name in listed
        assert text.startswith(f"# {number:04d} ")
        for part in ("**Question.**", "**Choice.**", "**Compared with.**", "**We would choose again**"):
            assert part in text, f"{path.name} lacks {part}"


def test_the_units_of_the_conventions_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "conventions.md").read_text()
    table = text[text.index("## 9. Names of series") : text.index("## 10.")]
    units = re.findall(r"^\| `.*\| (.+?) \|$", table, flags=re.MULTILINE)
    assert len(units) >= 8
    assert set(units) <= {unit.value for unit in Unit}


def test_the_sections_of_the_conventions_are_numbered_without_a_hole() -> None:
    numbers = re.findall(r"^## (\d+)\. ", (ROOT / "docs" / "conventions.md").read_text(), flags=re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
