"""What an auditor relies on: the package runs alone, and only its store touches a disk."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import megawatt.proof

ROOT = Path(megawatt.proof.__file__).parent
PURE = sorted(ROOT.glob("*.py"))
STORE = sorted((ROOT / "store").glob("*.py"))
TOUCHES_THE_WORLD = {"os", "io", "pathlib", "socket", "time", "datetime", "random", "secrets", "threading", "shutil",
                     "subprocess", "tempfile", "ctypes", "fcntl", "urllib", "http", "sqlite3", "asyncio"}  # fmt: skip


def imports_of(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module, node.names[0].name) != ("io", "BytesIO"):  # in memory
            names.add(node.module or "")
    return names


def test_all_of_proof_loads_neither_numpy_nor_pandas_nor_any_other_part_of_megawatt() -> None:
    modules = [f"megawatt.proof.{file.stem}" for file in PURE] + [f"megawatt.proof.store.{file.stem}" for file in STORE]
    program = f"import sys, {', '.join(m.removesuffix('.__init__') for m in modules)}\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "megawatt.proof.store.log" in loaded
    ours = {name for name in loaded if name.startswith("megawatt.") and not name.startswith("megawatt.proof")}
    assert (ours, {"numpy", "pandas", "pydantic"} & set(loaded)) == (set(), set())


@pytest.mark.parametrize("file", PURE, ids=lambda file: file.stem)
def test_a_pure_module_opens_no_file_socket_or_clock(file: Path) -> None:
    imported = imports_of(file)
    assert {name.partition(".")[0] for name in imported} & TOUCHES_THE_WORLD == set()
    assert not any(name.startswith("megawatt.proof.store") for name in imported)
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls & {"open", "print", "input", "exec", "eval"} == set()


@pytest.mark.parametrize("file", [file for file in STORE if file.stem != "system"], ids=lambda file: file.stem)
def test_the_store_calls_the_system_in_one_module_only(file: Path) -> None:
    used = {
        node.attr
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert {name for name in used if not name.startswith("O_")} <= {"urandom"}


def test_only_the_standard_library_and_cryptography_are_imported() -> None:
    roots = {name.partition(".")[0] for file in (*PURE, *STORE) for name in imports_of(file)}
    assert roots - set(sys.stdlib_module_names) == {"cryptography", "megawatt"}
