"""The published windows of the coupled site, every peer in a process of its own; stop it and start it again at will.

    python -m bench.coupled --peers "HiGHS counts" megawatt --windows w001 w101 --limit 60

Without ``--windows`` all are run, spread over the list first; without ``--peers`` all peers. A run that stands in the
record of its peer (``docs/evidence/bench/coupled/PEER.json``) with at least the same time is not repeated, unless
``--again`` (megawatt, once its code has changed). After each run the record is written; at the end, or with ``--table``
alone, the tables of the page.

    python -m bench.coupled --peers "CBC counts" "HiGHS loose counts" "SCIP counts" --limit 600 --until 2e-5

is how best known plans and bounds are made: one peer after the other until somebody has proven the plan.
"""

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
from typing import Any

from bench.coupled_measure import PEERS
from bench.coupled_page import renew_page
from bench.coupled_table import RECORDS, best_known, read, record_path, write_best
from bench.instances import ROOT
from bench.windows import Window, windows
from evidence.bar import commit, machine

LIMIT = {1: 60.0, 2: 60.0, 7: 60.0, 30: 120.0}
"""Seconds by length of the window in days."""

Run = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(prog="bench.coupled", description="Peers on the published windows.")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS), metavar="PEER")
    parser.add_argument("--windows", nargs="*", default=[], metavar="NAME", help="names or their beginnings")
    parser.add_argument("--days", nargs="*", type=int, default=list(LIMIT))
    parser.add_argument("--every", type=int, default=1, help="only each n-th window of the list")
    parser.add_argument("--limit", type=float, help="seconds (default 60; 120 for 30 days)")
    parser.add_argument("--again", action="store_true", help="repeat what is in the record")
    parser.add_argument("--until", type=float, help="leave a window once its best known plan is proven to this gap")
    parser.add_argument("--table", action="store_true", help="only renew the page")
    asked = parser.parse_args(arguments)
    if not asked.table:
        names = tuple(asked.windows)
        chosen = [w for w in windows() if w.days in asked.days and (not names or w.name.startswith(names))]
        for w in spread(chosen[:: asked.every]):
            for peer in asked.peers if asked.until else alternating(asked.peers, w):
                limit = asked.limit or LIMIT[w.days]
                if asked.until and w.name in (best := best_known()) and best[w.name].gap <= asked.until:
                    break
                if asked.again or not _done(peer, w, limit):
                    _note(peer, w, one(peer, w, limit))
    write_best()
    renew_page()
    return 0


def spread(chosen: list[Window], stride: int = 7) -> list[Window]:
    """The same windows in an order in which any beginning is spread over the list."""
    return [w for offset in range(stride) for w in chosen[offset::stride]]


def alternating(peers: list[str], w: Window) -> list[str]:
    """Peers in another order on each window, so that nobody always runs on the warmer machine."""
    turn = int(w.name[1:4]) % len(peers)
    return peers[turn:] + peers[:turn]


def one(peer: str, w: Window, limit: float) -> Run:
    """One peer on one window in its own process."""
    command = [sys.executable, "-m", "bench.coupled_measure", peer, w.name, str(limit)]
    facts = {"load": round(os.getloadavg()[0], 1), "machine": machine(), "commit": commit(), "date": _today()}
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3 * limit + 120, check=False)
    except subprocess.TimeoutExpired:
        return facts | {"status": "killed: it did not stop at its time limit", "seconds_allowed": limit}
    if run.returncode:
        last = (run.stderr.strip().splitlines() or [f"signal {-run.returncode}"])[-1]
        return facts | {"status": f"failed: {last}", "seconds_allowed": limit}
    measured: Run = json.loads(run.stdout.strip().splitlines()[-1])
    return facts | measured


def _done(peer: str, w: Window, limit: float) -> bool:
    run = read(peer).get(w.name)
    return run is not None and run["seconds_allowed"] >= limit


def _note(peer: str, w: Window, run: Run) -> None:
    """Write the run into the peer's record, all at once."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    runs = read(peer) | {w.name: run}
    part = record_path(peer).with_suffix(f".{os.getpid()}.part")
    lines = [f" {json.dumps(name)}: {json.dumps(runs[name])}" for name in sorted(runs)]
    part.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    part.replace(record_path(peer))
    write_best()
    print(f"{w.name:14s} {peer:30s} {run['status'][:40]:40s} {run.get('value_usd')} {run.get('bound_usd')}", flush=True)


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()  # noqa: TID251  # the date of the measurement


if __name__ == "__main__":
    sys.exit(main())
