"""A second process does what it is asked, and whatever becomes of it the first one has the result."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.answer import answer
from megawatt.app.aside import Aside, second_process
from megawatt.app.data import data_for
from megawatt.app.decision import decide
from megawatt.core.errors import InputError
from megawatt.dispatch.general import Effort
from megawatt.site.read import Site
from tests.app.decisions import small_hybrid

TWO = pytest.mark.skipif(
    (os.cpu_count() or 1) == 1 or sys.platform != "linux", reason="a second process needs Linux and a second core"
)


def where(_: object = None) -> int:
    return os.getpid()


def refuse() -> None:
    raise InputError("x", "y", "z")


def die_elsewhere(first: int) -> int:
    if os.getpid() != first:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def not_to_be_sent(first: int) -> object:
    return "here" if os.getpid() == first else (lambda: None)


@TWO
def test_work_is_done_in_another_process_one_after_another() -> None:
    with second_process() as aside:
        found = [aside.begin(where)(), aside.begin(where, np.zeros(1_000_000))()]
    assert found[0] == found[1] != os.getpid()


def test_without_one_it_is_done_here_when_it_is_asked_for() -> None:
    done: list[int] = []
    result = Aside().begin(done.append, 1)
    assert not done
    result()
    assert done == [1]
    with second_process(wanted=False) as aside:
        assert aside.begin(where)() == os.getpid()


@TWO
@pytest.mark.parametrize("work", [die_elsewhere, not_to_be_sent])
def test_what_fails_there_is_done_here(work: object, capfd: pytest.CaptureFixture[str]) -> None:
    assert callable(work)
    with second_process() as aside:
        assert aside.begin(work, os.getpid())() in {os.getpid(), "here"}
        assert aside.begin(where)() == os.getpid()  # nobody is there any more
    capfd.readouterr()


@TWO
def test_a_fault_is_told_by_the_first_process_alone(capfd: pytest.CaptureFixture[str]) -> None:
    with second_process() as aside, pytest.raises(InputError):
        aside.begin(refuse)()
    assert not capfd.readouterr().err


@TWO
def test_a_first_process_that_is_killed_leaves_no_second_one() -> None:
    script = (
        "import time\n"
        "from megawatt.app.aside import second_process\n"
        "from tests.app.test_aside import where\n"
        "with second_process() as aside:\n"
        "    print(aside.begin(where)(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        second = int(first.stdout.readline())
        first.kill()
    for _ in range(100):
        if not alive(second):
            return
        time.sleep(0.05)
    pytest.fail("the second process goes on")


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@TWO
def test_a_decision_is_the_same_with_a_second_process() -> None:
    site = Site.from_text(small_hybrid(), "hybrid.toml")
    data = data_for(site, None)
    effort = Effort(relative_gap=1e-2)  # without a clock, so that both do the same
    alone = decide(site, data, effort=effort)
    with second_process() as aside:
        assert aside.pipe is not None
        both = decide(site, data, effort=effort, aside=aside)
    assert answer(both, None) == answer(alone, None)
    assert both.delays == alone.delays
    assert [one.name for one in both.results] == [one.name for one in alone.results]
