"""Records of the coupled bench, and what is best known from them."""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.coupled_measure import PEERS
from bench.instances import ROOT

RECORDS = ROOT / "docs" / "evidence" / "bench" / "coupled"
BEST = RECORDS / "best.json"

Run = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Best:
    """The best plan and the lowest bound that anyone has reached on a window, and whose they are.

    Attributes:
        problem_sha256: Problem of which this is known.
        idle_usd: Value of the idle reference.
        value_usd: Value of the best plan, recomputed from the raw data.
        value_by: Who found it.
        bound_usd: Lowest bound, by its owner's word, moved out by 1e-9.
        bound_by: Who proved it.
    """

    problem_sha256: str
    idle_usd: float
    value_usd: float
    value_by: str
    bound_usd: float
    bound_by: str

    @property
    def gain_usd(self) -> float:
        """What the best plan earns over idle: the measure of all relative differences."""
        return self.value_usd - self.idle_usd

    @property
    def gap(self) -> float:
        """How far bound and plan are apart, relative to the gain."""
        return (self.bound_usd - self.value_usd) / max(self.gain_usd, 1e-9)


def record_path(peer: str) -> Path:
    """Where the runs of a peer stand."""
    return RECORDS / (re.sub(r"[^a-z0-9]+", "-", peer.lower()) + ".json")


def read(peer: str) -> dict[str, Run]:
    """The runs of a peer by window."""
    path = record_path(peer)
    return json.loads(path.read_text()) if path.exists() else {}


def best_known() -> dict[str, Best]:
    """From what was known before and all records, by window.

    A run of another problem than the one that is known is passed over: who changes a window deletes `BEST`.
    """
    best = {name: Best(**one) for name, one in json.loads(BEST.read_text()).items()} if BEST.exists() else {}
    for peer in PEERS:
        for name, run in read(peer).items():
            if run.get("value_usd") is not None and not run["faults"] and same_problem(run, best.get(name)):
                best[name] = _better(best.get(name), peer, run)
    return dict(sorted(best.items()))


def same_problem(run: Run, known: Best | None) -> bool:
    """Whether a run is of the problem that is known; one that failed names none."""
    return known is None or run.get("problem_sha256") in (None, known.problem_sha256)


def write_best() -> None:
    """Renew the file of what is best known."""
    lines = [f" {json.dumps(name)}: {json.dumps(asdict(one))}" for name, one in best_known().items()]
    part = BEST.with_suffix(f".{os.getpid()}.part")  # two runs may stand side by side
    part.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    part.replace(BEST)


def _better(known: Best | None, peer: str, run: Run) -> Best:
    value, bound = float(run["value_usd"]), float("inf") if run["bound_usd"] is None else float(run["bound_usd"])
    bound += 1e-9 * abs(bound)
    if known is None:
        return Best(run["problem_sha256"], run["idle_usd"], value, peer, max(bound, value), peer)
    by, bound_by = known.value_by, known.bound_by
    if value > known.value_usd:
        by = peer
    if bound < known.bound_usd:
        bound_by = peer
    value = max(value, known.value_usd)
    bound = max(min(bound, known.bound_usd), value)
    return Best(known.problem_sha256, known.idle_usd, value, by, bound, bound_by)
