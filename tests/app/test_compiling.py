"""Compiling by two processes: what a first plan of a coupled site needs, and nothing where it stands already."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from megawatt.app import backtest_commands, compiling, decide, explain_commands
from megawatt.dispatch.problem import Problem
from tests.app.decisions import small_hybrid
from tests.dispatch.cases import random_problem

COUPLED = next(p for p in map(random_problem, range(60)) if p.batches and p.peaks)

SCRIPT = """
from numba.core import event
from megawatt.app.compiling import compile_once
from megawatt.dispatch.coupled.fast import fast_plan
from megawatt.dispatch.coupled.warm import compiled
from megawatt.dispatch.general import Effort
from tests.app.test_compiling import COUPLED

class Names(event.Listener):
    def on_start(self, one): print(one.data["dispatcher"].py_func.__name__)
    def on_end(self, one): pass

compile_once(COUPLED)
assert compiled()
event.register("numba:compile", Names())
fast_plan(COUPLED, Effort(1.0))  # any bound will do
"""


@pytest.mark.skipif((os.cpu_count() or 1) == 1, reason="one core: nothing is compiled beforehand")
def test_two_processes_leave_what_a_first_plan_calls(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    compiled_later = set(run.stdout.split())
    assert not compiled_later & {"best_commitments", "advance_hours", "earn_hours", "earn", "plan_block", "best_words"}


def test_nothing_is_compiled_beforehand_where_it_stands_or_nothing_is_coupled(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(compiling, "second_process", lambda: started.append("a process"))
    monkeypatch.setattr(compiling, "compiled", lambda: True)
    compiling.compile_once(COUPLED)
    monkeypatch.setattr(compiling, "compiled", lambda: False)
    alone = replace(
        COUPLED, batches=(), reserves=(), peaks=(), elastic=(), positions=(), limit_mw=COUPLED.limit_mw + 1e3
    )
    assert alone.separable
    compiling.compile_once(alone)
    assert not started


class CompiledError(Exception):
    """Ends a command where it would plan."""


def decide_hybrid(site: Path) -> None:
    decide.decide_site(site, first=None, end=None, as_json=True, report=None, store=None, seconds=1.0)


def explain_hybrid(site: Path) -> None:
    at = "2024-07-01T17:00-05:00"
    explain_commands.explain_site(site, at=at, first=None, end=None, as_json=True, store=None, seconds=1.0)


def backtest_hybrid(site: Path) -> None:
    backtest_commands.backtest_site(site, first=None, end=None, record=None, as_json=True, store=None, seconds=1.0)


@pytest.mark.parametrize("command", [decide_hybrid, explain_hybrid, backtest_hybrid])
def test_a_command_compiles_beforehand_what_it_plans_with(
    command: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_once(problem: Problem) -> None:
        assert not problem.separable
        raise CompiledError

    for module in (decide, explain_commands, backtest_commands):
        monkeypatch.setattr(module, "compile_once", compile_once)
    site = tmp_path / "hybrid.toml"
    site.write_text(small_hybrid(), encoding="utf-8")
    with pytest.raises(CompiledError):
        command(site)
