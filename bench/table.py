"""The tables of a record: for the terminal and for the page."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.instances import ROOT

RECORDS = ROOT / "docs" / "evidence" / "bench"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- tables: made by bench.run -->", "<!-- end of tables -->"
EQUAL = 1e-9
PLAN, KERNEL = "megawatt", "megawatt kernel"
"""Build plus solve is compared with the whole plan, solve alone with the kernel."""

Row = dict[str, Any]


def disagreements(rows: list[Row]) -> list[str]:
    """Plans that break a rule, and plans whose money differs from the best by more than 1e-9, in words."""
    found = []
    for name, group in groupby(rows, key=lambda row: row["instance"]):
        done = [row for row in group if row["outcome"] == "done"]
        best = max((row["value_usd"] for row in done), default=0.0)
        for row in done:
            found += [f"{name}, {row['peer']}: {fault}" for fault in row["faults"]]
            for what in ("value_usd", "stated_usd"):
                if abs(row[what] - best) > EQUAL * abs(best):
                    found.append(f"{name}, {row['peer']}: {what} {row[what]!r} against {best!r}")
    return found


def lines(record: Row) -> list[list[str]]:
    """Cells of the uncoupled table, one row per instance and peer; the first names the winner of the instance."""
    out = []
    for name, group in groupby(record["uncoupled"], key=lambda row: row["instance"]):
        rows = list(group)
        done = {row["peer"]: row for row in rows if row["outcome"] == "done"}
        seconds = {peer: row["build_s"] + row["solve_s"] for peer, row in done.items()}
        first = min((seconds[peer], peer) for peer in seconds if peer != KERNEL)[1] if set(seconds) - {KERNEL} else ""
        best = max((row["value_usd"] for row in done.values()), default=0.0)
        for row in rows:
            peer = row["peer"]
            mark = "fastest" if peer == first else ""
            if peer not in done:
                out.append([mark, name, peer, row["outcome"], "", "", "", "", ""])
                continue
            whole = f"{seconds[peer] / seconds[PLAN]:.3g}" if PLAN in done else ""
            bare = f"{row['solve_s'] / done[KERNEL]['solve_s']:.3g}" if KERNEL in done else ""
            away = abs(row["value_usd"] - best) / abs(best)
            times = [_time(row["build_s"]), _time(row["solve_s"])]
            out.append([mark, name, peer, *times, whole, bare, f"{row['memory_mb']:.0f} MB", f"{away:.0e}"])
    return out


HEAD = [
    "",
    "Instance",
    "Peer",
    "Build",
    "Solve",
    "Build + solve, megawatt = 1",
    "Solve, kernel = 1",
    "Memory",
    "Objective off by",
]


def terminal(record: Row) -> str:
    """The record as plain text."""
    table = [HEAD, *lines(record)]
    table = [[*row, *[""] * (len(HEAD) - len(row))] for row in table]
    width = [max(len(row[i]) for row in table) for i in range(len(HEAD))]
    text = ["  ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)).rstrip() for row in table]
    return "\n".join([record["prices"], *text, *(f"hybrid: {_coupled(row)}" for row in record["coupled"])])


def markdown(record: Row) -> str:
    """The record as a section of the page."""
    cells = ["| " + " | ".join(row) + " |" for row in (HEAD, ["---"] * len(HEAD), *lines(record))]
    names = {name: one for row in record["uncoupled"] for name, one in row.get("versions", {}).items()}
    versions = ", ".join(f"{name} {names[name]}" for name in sorted(names))
    facts = (
        f"{record['date']}, {record['machine']}, commit `{record['commit']}`, load {record['load_at_start']} at the start; "
        f"limit {record['limit_seconds']:g} s. Prices: {record['prices']}. {versions}."
    )
    coupled = ["| Hybrid site, hourly | Result |", "|---|---|"] if record["coupled"] else []
    coupled += [f"| {row.get('days', '')} days | {_coupled(row)} |" for row in record["coupled"]]
    return "\n".join([f"### `{record['mode']}`", "", facts, "", *cells, "", *coupled, ""])


def page(text: str, records: list[Row]) -> str:
    """The page with its tables renewed; everything outside the two marks stays."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "\n".join([head + BEGIN, "", *(markdown(record) for record in records), END]) + tail


def records() -> list[Row]:
    """The records there are, the small one first."""
    paths: list[Path] = sorted(RECORDS.glob("*.json"), reverse=True)
    return [json.loads(path.read_text()) for path in paths]


def renew_page() -> None:
    """Write the tables of the records into the page."""
    PAGE.write_text(page(PAGE.read_text(), records()))


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _coupled(row: Row) -> str:
    if "outcome" in row:
        return str(row["outcome"])
    return f"{row['intervals']} intervals: {_time(row['seconds'])}, gap {row['gap']:.1e} ({row['gap_usd']:.0f} USD), {row['method']}"
