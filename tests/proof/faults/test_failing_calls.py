"""Every file system call of the store fails once: what was acknowledged is kept, and no history is signed twice."""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest

from megawatt.proof.errors import StoreError
from megawatt.proof.store import Log, create_log
from tests.proof.faults.failing_system import FAULTS, FailingSystem, Killed
from tests.proof.faults.scenario import SEGMENT_BYTES, Promises, check_kept, prepare, work
from tests.proof.samples import LOG_KEY


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Promises]:
    directory = tmp_path_factory.mktemp("faults") / "prepared"
    return directory, prepare(directory)


def calls_of_a_day(prepared: tuple[Path, Promises], tmp_path: Path, *, syncfs: bool) -> int:
    shutil.copytree(prepared[0], tmp_path / "counted")
    system = FailingSystem(syncfs=syncfs)
    work(tmp_path / "counted", Promises(), system)
    shutil.rmtree(tmp_path / "counted")
    return system.calls


def fail_once(prepared: tuple[Path, Promises], directory: Path, system: FailingSystem) -> None:
    """Work until the fault, die or stop, and check as a new process."""
    before, promises = prepared[1], Promises()
    promises.acknowledged.update(before.acknowledged)
    promises.released += before.released
    shutil.copytree(prepared[0], directory)
    failed = False
    try:
        work(directory, promises, system)
    except (StoreError, Killed):
        failed = True
    system.bury()
    assert failed
    check_kept(directory, promises)
    shutil.rmtree(directory)


def sweep(prepared: tuple[Path, Promises], tmp_path: Path, cases: list[tuple[int, str, bool]]) -> int:
    for at, fault, syncfs in cases:
        try:
            fail_once(prepared, tmp_path / "log", FailingSystem(at, fault, syncfs=syncfs))
        except BaseException as error:
            error.add_note(f"call {at}, fault {fault!r}, syncfs {syncfs}")
            raise
    return len(cases)


def all_cases(prepared: tuple[Path, Promises], tmp_path: Path) -> list[tuple[int, str, bool]]:
    return [
        (at, fault, syncfs)
        for syncfs in (True, False)
        for at in range(calls_of_a_day(prepared, tmp_path, syncfs=syncfs))
        for fault in FAULTS
    ]


def test_a_sample_of_failing_calls_loses_nothing(prepared: tuple[Path, Promises], tmp_path: Path) -> None:
    cases = all_cases(prepared, tmp_path)
    assert sweep(prepared, tmp_path, Random(1).sample(cases, 50)) == 50  # noqa: S311 - repeatable draws


@pytest.mark.full
def test_every_failing_call_loses_nothing(prepared: tuple[Path, Promises], tmp_path: Path) -> None:
    faults = sweep(prepared, tmp_path, all_cases(prepared, tmp_path))
    print(f"injected faults: {faults}, lost acknowledged entries: 0, rollbacks signed: 0")  # noqa: T201
    assert faults >= 500


def test_a_store_that_does_not_sync_still_survives_the_death_of_its_process_only(tmp_path: Path) -> None:
    # The harness leaves syncs out on purpose; what they are for is shown in test_power_cuts.py.
    system = FailingSystem()
    create_log(tmp_path / "log", LOG_KEY, segment_bytes=SEGMENT_BYTES, system=system)
    assert system.calls > 30


def work_until_killed(directory: Path, at: int, writer: int) -> None:
    """In the child: tell every promise through a pipe before going on."""
    promises = Promises(tell=lambda line: (os.write(writer, f"{line}\n".encode()), None)[1])
    fault = ("killed before", "killed after", "killed half way")[at % 3]
    try:
        work(directory, promises, FailingSystem(at, fault, kill="SIGKILL"))
    finally:
        os._exit(0)


def killed_children(prepared: tuple[Path, Promises], tmp_path: Path, calls: Iterator[int]) -> int:
    """Real SIGKILL: a child works and tells its promises through a pipe until it is killed at a call."""
    killed = 0
    for at in calls:
        directory = tmp_path / "log"
        shutil.copytree(prepared[0], directory)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            work_until_killed(directory, at, writer)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            promises = Promises.heard(pipe.read().splitlines())
        died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
        promises.acknowledged.update(prepared[1].acknowledged)
        check_kept(directory, promises)
        shutil.rmtree(directory)
        killed += died
        if not died:
            return killed
    return killed


def test_a_sample_of_killed_processes_loses_nothing(prepared: tuple[Path, Promises], tmp_path: Path) -> None:
    calls = calls_of_a_day(prepared, tmp_path, syncfs=True)
    assert killed_children(prepared, tmp_path, iter(range(0, calls, calls // 12))) >= 12


@pytest.mark.full
def test_processes_killed_at_every_call_lose_nothing(prepared: tuple[Path, Promises], tmp_path: Path) -> None:
    assert killed_children(prepared, tmp_path, count()) == calls_of_a_day(prepared, tmp_path, syncfs=True)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_creation_that_fails_at_any_call_can_be_done_again(tmp_path: Path, fault: str) -> None:
    for at in count():
        directory = tmp_path / f"{at}"
        system = FailingSystem(at, fault)
        try:
            create_log(directory, LOG_KEY, segment_bytes=1 << 13, system=system)
        except (StoreError, Killed):
            system.bury()
        else:
            break
        if not (directory / "state" / "signed").exists():
            create_log(directory, LOG_KEY, segment_bytes=1 << 13, system=FailingSystem())
        with Log(directory, LOG_KEY, system=FailingSystem()) as log:
            assert log.append([b"first"]) == [0]
    assert at > 30


def test_after_a_failed_call_the_log_refuses_work_until_it_is_opened_again(
    prepared: tuple[Path, Promises], tmp_path: Path
) -> None:
    shutil.copytree(prepared[0], tmp_path / "log")
    system = FailingSystem()
    with Log(tmp_path / "log", LOG_KEY, system=system) as log:
        system._at = system.calls  # the next call fails
        with pytest.raises(StoreError, match=r"errno 5.*Not acknowledged does not mean not written"):
            log.append([b"x"])
        with pytest.raises(StoreError, match="Open the log again"):
            log.append([b"x"])
        with pytest.raises(StoreError, match="Open the log again"):
            log.checkpoint()
    with Log(tmp_path / "log", LOG_KEY) as log:
        assert log.append([b"x"]) == [270]
