"""The power goes off anywhere in a log's day: what was acknowledged is kept. Without syncs the same test must fail."""

import shutil
from pathlib import Path
from random import Random

import pytest

from megawatt.proof.errors import ProofError
from tests.proof.faults.power_cut import Disk, RecordingSystem
from tests.proof.faults.scenario import Promises, check_kept, prepare, work


def record_day(tmp_path: Path, *, syncfs: bool) -> tuple[Path, Promises, RecordingSystem]:
    """A prepared log, its promises so far, and the record of a day's work on a copy of it."""
    prepared, directory = tmp_path / "prepared", tmp_path / "day"
    before = prepare(prepared)
    shutil.copytree(prepared, directory)
    system = RecordingSystem(syncfs=syncfs)
    work(directory, Promises(tell=lambda line: system.record.append(("promise", line))), system)
    shutil.rmtree(directory)
    prepared.rename(directory)
    return directory, before, system


def cut_everywhere(tmp_path: Path, *, syncfs: bool, draws: int, every: int = 1, syncs_work: bool = True) -> list[str]:
    """Cut the power after every n-th call, a few draws each, and name what went wrong; the rest is in order."""
    directory, before, system = record_day(tmp_path, syncfs=syncfs)
    disk, heard, findings, rng = Disk(directory), [], [], Random(5)  # noqa: S311 - repeatable draws
    for at, step in enumerate(system.record):
        if step[0] == "promise":
            heard.append(str(step[1]))
        else:
            disk.do(step, syncs_work=syncs_work)
        for _ in range(draws if at % every == 0 or step[0] == "promise" else 0):
            promises = Promises.heard(heard)
            promises.acknowledged.update(before.acknowledged)
            promises.released += before.released
            disk.after_cut(tmp_path / "left", rng)
            try:
                check_kept(tmp_path / "left", promises)
            except (AssertionError, ProofError) as error:
                findings.append(f"after call {at} {step[:2]}: {error!r}")
            else:
                findings.append("")
            shutil.rmtree(tmp_path / "left")
    return findings


@pytest.mark.parametrize("syncfs", [True, False])
def test_a_power_cut_loses_nothing_acknowledged(tmp_path: Path, syncfs: bool) -> None:
    findings = cut_everywhere(tmp_path, syncfs=syncfs, draws=1, every=4)
    assert len(findings) >= 25
    assert [finding for finding in findings if finding] == []


def test_without_syncs_the_same_cuts_lose_acknowledged_entries(tmp_path: Path) -> None:
    findings = cut_everywhere(tmp_path, syncfs=True, draws=1, every=10, syncs_work=False)
    assert len([finding for finding in findings if finding]) >= 5


@pytest.mark.full
def test_a_thousand_power_cuts_lose_nothing_acknowledged(tmp_path: Path) -> None:
    findings = []
    for syncfs in (True, False):
        (tmp_path / f"{syncfs}").mkdir()
        findings += cut_everywhere(tmp_path / f"{syncfs}", syncfs=syncfs, draws=8)
    (tmp_path / "control").mkdir()
    control = cut_everywhere(tmp_path / "control", syncfs=True, draws=2, syncs_work=False)
    broken = sum(map(bool, findings))
    print(f"power cuts: {len(findings)}, broken: {broken}; without syncs {sum(map(bool, control))} of {len(control)}")  # noqa: T201
    assert len(findings) >= 1000
    assert [finding for finding in findings if finding] == []
    assert any(control)
