"""The pages of the command line say what it does: every command and option, and commands that run as they stand."""

import re
import shlex
from pathlib import Path

import pytest
import typer.core
import typer.main

from megawatt.app.cli import app
from tests.app.running import Run, runner

DOCS = Path(__file__).resolve().parents[2] / "docs"
CLI = (DOCS / "cli.md").read_text(encoding="utf-8")
run = pytest.fixture(runner)


def commands() -> dict[str, list[str]]:
    """Options of every command, by its words."""
    found: dict[str, list[str]] = {}

    def walk(words: str, command: object) -> None:
        if isinstance(command, typer.core.TyperGroup):
            for name, inside in command.commands.items():
                walk(f"{words} {name}", inside)
        else:
            assert isinstance(command, typer.core.TyperCommand)
            found[words] = [one for option in command.params for one in option.opts if one.startswith("--")]

    walk("megawatt", typer.main.get_command(app))
    return found


def section(words: str) -> str:
    """The part of the page on a command; the kinds of import share one."""
    title = "megawatt data import KIND" if " import " in words else words
    start = CLI.index(f"\n## {title}")
    return CLI[start : CLI.find("\n## ", start + 1) if "\n## " in CLI[start + 1 :] else None]


@pytest.mark.parametrize("words", commands())
def test_every_command_and_option_is_on_the_page(words: str) -> None:
    text = section(words)
    kind = words.rsplit(maxsplit=1)[-1]
    for option in commands()[words]:
        row = re.search(rf"^\| [^|]*`{option}`[^|]* \|(.*)\|$", text, flags=re.MULTILINE)
        assert row, f"{words} {option} is not described"
        if " import " in words:
            assert row[1].strip().startswith("all") or f"`{kind}`" in row[1].split("|")[0]


def test_the_page_names_no_option_that_does_not_exist() -> None:
    known = {option for options in commands().values() for option in options} | {"--help", "--version"}
    assert set(re.findall(r"--[a-z][a-z-]+", CLI)) <= known


def steps(page: str) -> list[tuple[str, str]]:
    """Blocks of a page in order, with their language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```(python|console|toml)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_tutorial_runs_as_it_stands(run: Run) -> None:
    names: dict[str, object] = {"__name__": "__page__"}
    ran = []
    for language, block in steps("tutorial.md"):
        if language == "toml":
            Path("my-mine.toml").write_text(block, encoding="utf-8")
        elif language == "python":
            exec(compile(block, "tutorial.md", "exec"), names)  # noqa: S102  # our page
        else:
            for line in re.findall(r"^\$ megawatt (.*)$", block, flags=re.MULTILINE):
                answer = run(*shlex.split(line))
                assert answer.code == 0, answer.err
                ran.append(line.split()[0])
    assert ran == ["init", "check", "decide", "data", "data", "check", "decide"]


def test_the_site_of_the_tutorial_is_the_same_in_both_places() -> None:
    blocks = steps("tutorial.md")
    (toml,) = [block for language, block in blocks if language == "toml"]
    assert any(toml in block for language, block in blocks if language == "python")
