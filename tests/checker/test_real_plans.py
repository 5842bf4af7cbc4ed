"""Plans that megawatt itself writes are accepted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checker.check_plan import main

MEGAWATT = [sys.executable, "-c", "from megawatt.app.cli import main; main()"]
FOLDER = "MEGAWATT_PLANS"


def ran(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MEGAWATT, *words], capture_output=True, text=True, check=False, cwd=cwd, timeout=300)


@pytest.mark.parametrize("example", ["texas-mine", "hybrid", "ai-campus"])
@pytest.mark.parametrize("days", [("2024-04-18", "2024-04-22"), ("2024-08-19", "2024-08-20")])
def test_a_decided_plan_is_accepted(
    example: str, days: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--certificate" not in ran("decide", "--help", cwd=tmp_path).stdout:
        pytest.skip("megawatt decide knows no --certificate yet")
    assert ran("init", example, cwd=tmp_path).returncode == 0
    first, last = days
    words = ("decide", f"{example}.toml", "--from", first, "--to", last, "--certificate", "proof")
    done = ran(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    code = main([str(tmp_path / "proof" / name) for name in ("problem.json", "plan.json")])
    assert code == 0, capsys.readouterr().out


def test_plans_in_a_folder_are_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    """Every ``problem.json`` below the folder that MEGAWATT_PLANS names, with the ``plan.json`` beside it."""
    if not os.environ.get(FOLDER):
        pytest.skip(f"{FOLDER} names no folder of plans")
    problems = sorted(Path(os.environ[FOLDER]).rglob("problem.json"))
    assert problems
    for problem in problems:
        assert main([str(problem), str(problem.with_name("plan.json"))]) == 0, (problem, capsys.readouterr().out)
