"""The page on other people's tools says what happens: its commands are run, with the tools that are here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "proof" / "strangers.md"
BLOCKS: list[tuple[str, str]] = re.findall(
    r"<!-- run: (\S+) -->\n```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
)
SHELL = shutil.which("bash")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program on its path, under the name that the page uses."""
    place = tmp_path_factory.mktemp("stranger")
    (place / "bin").mkdir()
    program = place / "bin" / "megawatt"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT / "src"} exec {sys.executable} -m megawatt.app.cli "$@"\n')
    program.chmod(0o755)
    return place


def run(folder: Path, block: str) -> tuple[str, str]:
    """What the commands of a block print, and what the page says of it."""
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    promised = [line for line in block.splitlines() if not line.startswith("$ ")]
    vkey = "VKEY=$(sed -n 's/^log //p' site/policy 2>/dev/null || true)"
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "SOURCE": str(ROOT)}
    environment["GOCACHE"] = str(folder / "go-cache")
    done = subprocess.run(
        [str(SHELL), "-e", "-c", "\n".join([vkey, *commands])],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, "\n".join(promised)


@pytest.mark.skipif(SHELL is None, reason="bash is not installed")
def test_the_commands_of_the_page_do_what_it_says(folder: Path) -> None:
    ran = []
    for tool, block in BLOCKS:
        has_sources = tool != "go" or Path("/usr/share/gocode/src/golang.org/x/mod").is_dir()
        if tool == "megawatt" or (shutil.which(tool) and has_sources):
            out, promised = run(folder, block)
            assert all(line in out for line in promised.splitlines()), out
            ran.append(tool)
    assert ran[:1] == ["megawatt"]
    assert {"openssl", "sha256sum"} & {tool for tool in ("openssl", "sha256sum") if shutil.which(tool)} <= set(ran)
