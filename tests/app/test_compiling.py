"""Compiling by two processes: what a first plan of a coupled site needs, and nothing where it stands already."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from megawatt.app import compiling
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
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **_: started.append(given))
    monkeypatch.setattr(compiling, "compiled", lambda: True)
    compiling.compile_once(COUPLED)
    monkeypatch.setattr(compiling, "compiled", lambda: False)
    alone = replace(
        COUPLED, batches=(), reserves=(), peaks=(), elastic=(), positions=(), limit_mw=COUPLED.limit_mw + 1e3
    )
    assert alone.separable
    compiling.compile_once(alone)
    assert not started
