"""Measure every bar that has no current record, and write the page: ``python -m evidence.run [NAME ...] [--again]``.

A bar that takes long may be put off with ``--defer WHY``: it then stands as not run, and not as reached.

It may be stopped at any time and started again: what has a current record is not measured twice.
"""

import argparse
import sys

from evidence.bar import PAGE, Figure, page, registered


def main(arguments: list[str] | None = None) -> int:
    """Measure, record, and return 0 when all bars that were asked for are reached."""
    parser = argparse.ArgumentParser(prog="evidence.run", description="Measure the bars and record the figures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="bars to measure; all when none is named")
    parser.add_argument("--again", action="store_true", help="measure also what has a current record")
    parser.add_argument("--defer", metavar="WHY", help="record the named bars as not run on this code, with the reason")
    asked = parser.parse_args(arguments)
    bars = registered()
    unknown = sorted(set(asked.names) - {bar.id for bar in bars})
    if unknown:
        parser.error(f"no bar is named {', '.join(unknown)}; there are: {', '.join(bar.id for bar in bars)}")
    missed = 0
    for bar in bars:
        if asked.names and bar.id not in asked.names:
            continue
        record = bar.read() if bar.is_current() and not asked.again else None
        if record is None:
            print(f"{bar.id}: measuring ...", flush=True)
            deferred = Figure(asked.defer, passed=None, numbers={}) if asked.defer and asked.names else None
            record = bar.take(deferred)
        missed += record["passed"] is False
        verdict = "not run" if record["passed"] is None else "reached" if record["passed"] else "MISSED"
        print(f"{bar.id}: {record['figure']}, target {record['target']}: {verdict}", flush=True)
    PAGE.write_text(page([record for bar in bars if (record := bar.read()) is not None]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
