"""Right plans are accepted, and what is said of them is what paper says."""

import subprocess
import sys
from pathlib import Path

import pytest

from checker.bound import Bound, all_pieces
from checker.plan import idle_decision, read_plan
from checker.problem import read_problem
from checker.value import terms
from tests.checker.paper import HERE, NAMES, PLAN, PROBLEM, WEEKS, checked, specimen

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", [*NAMES, "paper"])
def test_a_right_plan_is_accepted(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path, specimen(name)) == 0, capsys.readouterr().out
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "accepted"
    assert [line.split(":")[0] for line in lines[:-2]] == [
        "feasible", "value", "idle", "premises", "pieces", "prices", "cuts", "exclusions", "bound",
    ]  # fmt: skip


def test_weeks_that_add_up_to_the_gap_are_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem, plan = specimen("paper")
    assert checked(tmp_path, (problem, plan | {"gap_by_week": WEEKS})) == 0
    assert "weeks: ok: 2 add up to the gap" in capsys.readouterr().out


def test_a_floor_is_the_least_that_a_bound_together_says(tmp_path: Path) -> None:
    problem, plan = specimen("together")
    certificate, bound = plan["certificate"], plan["certificate"]["bound_usd"]
    for off, said in ((-5.0, bound), (5.0, bound + 5.0 + 1e-9 * (1 + abs(bound + 5.0)))):
        with_floor = certificate | {"floor_usd": bound + off, "bound_usd": said}
        assert checked(tmp_path, (problem, plan | {"certificate": with_floor})) == 0
    below = certificate | {"floor_usd": bound + 5.0}
    assert checked(tmp_path, (problem, plan | {"certificate": below})) == 1


def test_the_terms_are_those_of_the_paper() -> None:
    problem = read_problem(PROBLEM)
    found = terms(problem, read_plan(PLAN, problem).decision)
    assert {name: usd for name, usd in found.items() if usd} == {
        "machine revenue": 60,
        "energy": -80,
        "starts, stops": -4,
        "rent, fees": 10,
        "demand charge": -12,
        "fixed": -2,
    }
    assert sum(terms(problem, idle_decision(problem)).values()) == -56


def test_the_bounds_are_those_of_the_paper() -> None:
    problem = read_problem(PROBLEM)
    certificate = read_plan(PLAN, problem).certificate
    assert certificate is not None
    free = certificate.exclusions[0].prices
    bound = Bound(problem, [certificate.prices, free])
    last, low, middle = all_pieces(certificate)[0]
    assert bound.usd(free, [[low]]) == -52
    assert bound.usd(free, [[middle]]) == -56
    assert bound.usd(certificate.prices, [[last]]) == -26
    assert bound.usd(certificate.prices, [[low, middle, last]]) == -16


def test_the_command_says_accepted() -> None:
    command = [sys.executable, str(ROOT / "checker" / "check_plan.py")]
    files = [str(HERE / "exclusive" / name) for name in ("problem.json", "plan.json")]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False, cwd=HERE)
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "accepted", "")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_a_plan_without_a_certificate_is_checked_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem, plan = specimen("paper")
    plan["certificate"] = None
    assert checked(tmp_path, (problem, plan)) == 0
    assert "bound: ok: no certificate" in capsys.readouterr().out
    plan["bound_usd"] = None
    assert checked(tmp_path, (problem, plan)) == 0
    assert "bound: ok: none stated" in capsys.readouterr().out
