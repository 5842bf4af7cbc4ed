"""CBC as its own program, fed by an MPS file; its course is read from its log."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import cbcbox
import highspy
import numpy as np

from bench.coupled_peers.cbc_log import bound_of, course_of, status_of
from bench.coupled_peers.highs import highs_model
from bench.coupled_peers.peer import Answer, FormPeer
from bench.site_check import SitePlan, value_usd
from bench.site_form import Form, Kind


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
        course, bound = course_of(log), bound_of(log)
        plan = _plan(stated, path.with_suffix(".sol"))
        value = -np.inf if plan is None else value_usd(stated.problem, plan)
        course.add(took, value, bound)
        return Answer(plan, bound, status_of(log), course)


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
