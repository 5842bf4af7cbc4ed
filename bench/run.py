"""Peers beside `megawatt`, every one in its own process, in one run: ``python -m bench.run [--full | --single] [--limit SECONDS]``.

Prints a table, writes ``docs/evidence/bench/small.json`` (``full.json``, ``single.json``) with the raw seconds, and renews the tables
of ``docs/benchmarks.md``. Returns 1 when two peers disagree by more than 1e-9, or a plan breaks a rule.
"""

import argparse
import datetime as dt
import json
import os
import signal
import subprocess
import sys
from typing import Any

from bench.instances import FULL, ROOT, SMALL, YEARS, Instance, prices
from bench.measure import PEERS, SINGLE
from bench.table import RECORDS, disagreements, renew_page, terminal
from evidence.bar import commit, machine

LONGEST_SECONDS = 1800.0
"""After this a process that has not ended itself is ended."""

HYBRID_DAYS = {"small": (3,), "full": (3, 7), "single": ()}

Row = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(prog="bench.run", description="Peers beside megawatt, in one run.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--full", action="store_true", help="years at 15 and 5 minutes and all K: half an hour or more")
    which.add_argument("--single", action="store_true", help="peers that model every block, on years: ten minutes")
    parser.add_argument("--limit", type=float, help="seconds a peer may take on an instance (default 10; else 300)")
    asked = parser.parse_args(arguments)
    mode = "full" if asked.full else "single" if asked.single else "small"
    limit = asked.limit or (10.0 if mode == "small" else 300.0)
    load = round(os.getloadavg()[0], 1)
    peers = SINGLE if asked.single else tuple(peer for peer in PEERS if peer not in SINGLE[2:])
    rows = uncoupled({"small": SMALL, "full": FULL, "single": YEARS}[mode], peers, limit)
    record = {
        "mode": mode,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),  # noqa: TID251  # the date of the measurement
        "commit": commit(),
        "machine": machine(),
        "load_at_start": load,
        "limit_seconds": limit,
        "prices": prices()[1],
        "uncoupled": rows,
        "coupled": [coupled(days, limit if days < 7 else max(limit, 60.0)) for days in HYBRID_DAYS[mode]],
    }
    wrong = disagreements(rows)
    RECORDS.mkdir(parents=True, exist_ok=True)
    (RECORDS / f"{record['mode']}.json").write_text(json.dumps(record, indent=1) + "\n")
    renew_page()
    print(terminal(record))
    print("\n".join(wrong) or "All plans keep the rules and agree within 1e-9.")
    return 1 if wrong else 0


def uncoupled(sizes: tuple[Instance, ...], peers: tuple[str, ...], limit: float) -> list[Row]:
    """Peers on every size; a peer that did not finish a size is not tried on a larger one."""
    rows: list[Row] = []
    too_large: dict[str, int] = {}
    for size in sorted(sizes, key=_columns):
        for peer in peers:
            if _columns(size) >= too_large.get(peer, sys.maxsize):
                rows.append(
                    {"instance": size.name, "peer": peer, "outcome": "not tried: a smaller one was not finished"}
                )
                continue
            row = one(peer, size, limit)
            if row["outcome"] != "done":
                too_large[peer] = _columns(size)
            rows.append(row)
            print(f"{size.name:18s} {peer:24s} {row['outcome']} {row.get('solve_s', float('nan')):.4g} s", flush=True)
    return rows


def one(peer: str, size: Instance, limit: float) -> Row:
    """One peer on one instance in its own process."""
    row: Row = {"instance": size.name, "peer": peer}
    return row | {"outcome": "done"} | _child(["bench.measure", peer, size.name, str(limit)], limit)


def coupled(days: int, limit: float) -> Row:
    """The hybrid site by the general path."""
    return _child(["bench.hybrid", str(days), str(limit)], limit)


def _child(words: list[str], limit: float) -> Row:
    command = [sys.executable, "-m", *words]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
    if run.returncode == -signal.SIGALRM:
        return {"outcome": f"not done in {limit:g} s"}
    if run.returncode:
        return {"outcome": "failed: " + (run.stderr.strip().splitlines() or [f"signal {-run.returncode}"])[-1]}
    row: Row = json.loads(run.stdout.strip().splitlines()[-1])
    return row


def _columns(size: Instance) -> int:
    return size.T * len(size.classes())


if __name__ == "__main__":
    sys.exit(main())
