"""CBC as its own program, fed by an MPS file; its course is read from its log.

The log shows six digits, so that values and bounds of the course, and the last bound, are moved outwards by half of the
sixth. Plans found before the tree begins have no time in the log that counts from its start: they show with the tree.
"""

import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import cbcbox
import highspy
import numpy as np

from bench.coupled_peers.highs import highs_model
from bench.coupled_peers.peer import Answer, Course, FormPeer
from bench.site_check import SitePlan, value_usd
from bench.site_form import Form, Kind

NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"
NODE = re.compile(rf"^ *★? +\d+ +\d+ +\d+ +{NUMBER} .*? {NUMBER} +[\d.]+% +{NUMBER}$", re.MULTILINE)
BOUND = re.compile(rf"^(?:Lower bound:|✔ Optimal .*? Bound:) +{NUMBER}", re.MULTILINE)
SIXTH = 5e-6


class CbcCounts(FormPeer):
    """The best formulation we know."""

    name: ClassVar[str] = "CBC counts"
    asked: ClassVar[str] = "counts, default options, one thread"
    packages: ClassVar[tuple[str, ...]] = ("cbcbox",)

    def load(self, stated: Form) -> Path:
        """The file, written by HiGHS with 15 digits; columns and rows in order."""
        path = Path(tempfile.mkdtemp()) / "site.mps"
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.passModel(highs_model(stated.model))
        solver.writeModel(str(path))
        return path

    def solve(self, model: tuple[Form, Path], seconds: float, gap: float) -> Answer:
        """Run, then read log and solution."""
        stated, path = model
        words = ["-sec", str(seconds), "-ratio", str(gap), "-solve", "-solution", "site.sol"]
        command = [cbcbox.cbc_bin_path(), path.name, *words]
        begun = time.perf_counter()
        log = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True).stdout
        took = time.perf_counter() - begun
        course = Course()
        for value, bound, at in NODE.findall(log):
            course.add(float(at), -float(value) - SIXTH * abs(float(value)), -_outwards(bound))
        said = BOUND.search(log)
        bound = -_outwards(said[1]) if said else np.inf
        plan = _plan(stated, path.with_suffix(".sol"))
        value = -np.inf if plan is None else value_usd(stated.problem, plan)
        course.add(took, value, bound)
        status = re.search(r"^Result - (.*)$", log, re.MULTILINE)
        return Answer(plan, bound, status[1] if status else "no result", course)


class CbcLoose(CbcCounts):
    """With the import as a variable and the limit as it stands."""

    name: ClassVar[str] = "CBC loose counts"
    asked: ClassVar[str] = "loose counts, default options, one thread"
    kind: ClassVar[Kind] = "loose"


class CbcNaive(CbcCounts):
    """What one writes first."""

    name: ClassVar[str] = "CBC naive"
    asked: ClassVar[str] = "naive blocks, default options, one thread"
    kind: ClassVar[Kind] = "naive"


def _outwards(cost: str) -> float:
    """A cost of six digits, lowered by half of the sixth."""
    return float(cost) - SIXTH * abs(float(cost))


def _plan(stated: Form, path: Path) -> SitePlan | None:
    """Columns that are not listed are zero; a file without a feasible solution says so in its first line."""
    if not path.exists():
        return None
    head, *rows = path.read_text().splitlines()
    if "nfeasible" in head or "objective value" not in head:
        return None
    x = np.zeros(stated.model.width)
    for row in rows:
        words = row.replace("**", " ").split()
        x[int(words[1].removeprefix("c"))] = float(words[2])
    return stated.plan(x)
