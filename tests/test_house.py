"""The rules of the house: what is installed, what may import what, how long a file may be, what may not be written."""

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
PROGRAMS = sorted(
    path for tree in ("src", "bench", "checker", "evidence", "scripts") for path in (ROOT / tree).rglob("*.py")
)

MAX_LINES = 400
MAX_FUNCTION_LINES = 60
LONG_FUNCTIONS: dict[str, str] = {
    "src/megawatt/dispatch/coupled/hours.py:earn_hours": "one compiled pass over award hours; its corners share a dozen scratch arrays",
    "src/megawatt/dispatch/coupled/interval.py:best_commitments": "the innermost loop of every bound: calls with arrays made it 30 times slower",
    "src/megawatt/dispatch/coupled/labels.py:expand": "the innermost loop of every walk; its parts share eight scratch arrays",
}
"""Named exceptions, ``"path:function"`` to the reason; keep it tiny."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- what is installed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", PYPROJECT["project"]["dependencies"])
def test_the_installed_version_is_the_one_asked_for(text: str) -> None:
    """Read from the installed metadata: a resolver that finds no better may take a years-old stub without a word."""
    requirement = Requirement(text)
    assert requirement.specifier, f"{text} states no floor"
    assert Version(version(requirement.name)) in requirement.specifier


@pytest.mark.parametrize(
    ("package", "floor"),
    [("numpy", "2.2"), ("pandas", "3"), ("highspy", "1.11"), ("pydantic", "2"), ("altair", "5.5"), ("numba", "0.61")],
)
def test_the_floors_that_the_code_relies_on_are_not_lowered(package: str, floor: str) -> None:
    asked = {Requirement(text).name: Requirement(text).specifier for text in PYPROJECT["project"]["dependencies"]}
    assert min(Version(one.version) for one in asked[package]) >= Version(floor)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numba", "njit"),
        ("highspy", "Highs"),
        ("altair", "Chart"),
        ("vl_convert", "vegalite_to_svg"),
        ("scipy.sparse", "csc_array"),
        ("cryptography.hazmat.primitives.asymmetric.ed25519", "Ed25519PublicKey"),
    ],
)
def test_a_dependency_holds_what_it_is_there_for(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


# --- what is locked ---------------------------------------------------------------------------------------------------


def locked(path: Path) -> dict[str, set[str]]:
    """Versions per package; several where they differ by Python version."""
    found: dict[str, set[str]] = {}
    for name, number in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE):
        found.setdefault(name, set()).add(number)
    return found


def test_there_are_three_locks() -> None:
    assert [path.stem for path in LOCKS] == ["core", "dev", "peers"]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_versions_and_hashes_and_no_place(path: Path) -> None:
    text = path.read_text()
    for place in ("://", "--index-url", "--extra-index-url", "--find-links", "file:", "@"):
        assert place not in text
    for line in text.replace("\\\n", "").splitlines():
        if not line.startswith("#"):
            assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_core_dependency_is_locked_above_its_floor(path: Path) -> None:
    versions = locked(path)
    for text in PYPROJECT["project"]["dependencies"]:
        requirement = Requirement(text)
        assert requirement.name in versions
        assert all(Version(one) in requirement.specifier for one in versions[requirement.name])


def test_all_locks_agree_on_the_core() -> None:
    core, dev, peers = (locked(path) for path in LOCKS)
    for name, versions in core.items():
        assert dev[name] == versions
        assert peers[name] == versions


def test_every_tool_of_the_house_is_locked() -> None:
    versions = locked(ROOT / "locks" / "dev.txt")
    for entry in PYPROJECT["dependency-groups"]["dev"]:
        if isinstance(entry, str):
            assert Requirement(entry).name in versions


# --- what may import what ---------------------------------------------------------------------------------------------


def contracts(source: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of pyproject.toml on the packages in ``source``."""
    tool = Path(sys.executable).with_name("lint-imports")
    command = [str(tool), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)


def test_the_import_contracts_hold() -> None:
    result = contracts(ROOT / "src")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("mining", "import megawatt.power"),
        ("core", "import megawatt.site"),
        ("power", "def f() -> None:\n    import urllib.request"),
        ("dispatch", "import socket"),
        ("sources", "import megawatt.dispatch"),
        ("utils", '"""A room that nobody declared."""'),
    ],
)
def test_a_wrong_import_is_caught(module: str, line: str, tmp_path: Path) -> None:
    """A contract that catches nothing would hold as well."""
    shutil.copytree(ROOT / "src" / "megawatt", tmp_path / "megawatt", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "megawatt" / module).mkdir(exist_ok=True)
    with (tmp_path / "megawatt" / module / "__init__.py").open("a") as file:
        file.write(f"\n{line}\n")
    result = contracts(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout or "utils" in result.stdout


# --- how the code is written ------------------------------------------------------------------------------------------


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in PROGRAMS:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{relative(path)}:{node.name}", node


def test_every_module_says_what_it_is() -> None:
    assert [relative(path) for path in PROGRAMS if not ast.get_docstring(tree(path))] == []


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {relative(path): len(path.read_text().splitlines()) for path in PROGRAMS}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_function_is_longer_than_a_page() -> None:
    lengths = {name: (node.end_lineno or 0) - node.lineno + 1 for name, node in functions()}
    long = {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES}
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(long), "an exception that is needed no more"
    assert all(LONG_FUNCTIONS.values())


def test_every_function_is_annotated() -> None:
    bare = []
    for name, node in functions():
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        arguments += [one for one in (node.args.vararg, node.args.kwarg) if one]
        untyped = [one.arg for one in arguments if one.annotation is None and one.arg not in ("self", "cls")]
        if untyped or node.returns is None:
            bare.append(name)
    assert bare == []


def test_every_ignored_rule_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    ignored = text[text.index("\nignore = [") : text.index("[tool.ruff.lint.flake8-tidy-imports]")]
    rules = [line for line in ignored.splitlines() if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert len(rules) > 20
    assert [line for line in rules if not re.search(r"#\s*\S+", line)] == []


# --- what may not be written ------------------------------------------------------------------------------------------

# Split, so that this file does not hold them itself.
PLACES = [
    *(r"(?<![\w.])/" + "work/", r"(?<![\w.])/" + "root/", "/" + "tmp/wt", "py" + "pi.org", "python" + "hosted"),
    *("deb." + "debian", "npm" + "js", "index" + "-url="),
]


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_place_of_one_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{relative(path)}: {place}" for place in PLACES if re.search(place, text)]
    assert found == []


def test_the_four_words_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"demo", "test", "check", "bench", "evidence", "docs", "lock"} <= targets
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# --- how fast it answers ----------------------------------------------------------------------------------------------

HELP = "import sys; sys.argv = ['megawatt', '--help']; from megawatt.app.cli import main; "
needs_cli = pytest.mark.skipif(not (ROOT / "src/megawatt/app/cli.py").exists(), reason="there is no command line yet")


def run_help(after: str = "main()") -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", HELP + after]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@needs_cli
def test_help_comes_at_once() -> None:
    """The best of five, each a new process; make evidence records the figure."""
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        run_help()
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) <= 0.4


@needs_cli
def test_the_command_line_imports_what_is_heavy_where_it_is_used() -> None:
    loaded = set(run_help("print(*sys.modules)").split())
    assert loaded & {"pandas", "scipy", "numba", "altair", "highspy", "vl_convert", "cryptography", "httpx"} == set()
