"""A bar: one sentence the software must live up to, how it is measured, and the record of the last measurement.

A family of bars is a module of this folder with a tuple ``BARS``; there is no other register. A record names the hash
of the files it covers, so that a figure cannot outlive the code it was measured on: `tests/test_evidence.py` compares.
"""

import datetime as dt
import hashlib
import importlib
import inspect
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT / "docs" / "evidence"
PAGE = RECORDS / "index.md"
NO_FAMILY = ("bar", "run")

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Figure:
    """What a measurement gave.

    Attributes:
        text: The figure with its unit, as the page shows it: ``"702 MB"``.
        passed: Whether it reaches the bar's target; None when it could not be measured here, and the text says why.
        numbers: The numbers behind it by name, units in the names.
    """

    text: str
    passed: bool | None
    numbers: dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        id: Name of the record's file: ``"core-environment-size"``.
        sentence: What is claimed, in one sentence.
        target: The figure that must be reached: ``"at most 750 MB"``.
        covers: Glob patterns, relative to the repository, of the files whose change makes the record stale.
        measure: Makes the figure; it may take hours.
    """

    id: str
    sentence: str
    target: str
    covers: tuple[str, ...]
    measure: Callable[[], Figure]

    @property
    def command(self) -> str:
        """What a reader types to measure it again."""
        return f"python -m evidence.run {self.id} --again"

    @property
    def record_path(self) -> Path:
        """Where its record stands."""
        return RECORDS / f"{self.id}.json"

    def source_sha256(self) -> str:
        """Hash of names and bytes of the covered files and of the module that measures.

        Raises:
            FileNotFoundError: A pattern matches no file, so that a renamed one does not escape in silence.
        """
        paths = {Path(inspect.getfile(self.measure))}
        for pattern in self.covers:
            found = [path for path in ROOT.glob(pattern) if path.is_file() and "__pycache__" not in path.parts]
            if not found:
                message = f"bar {self.id!r} covers {pattern!r}, but no such file exists"
                raise FileNotFoundError(message)
            paths.update(found)
        digest = hashlib.sha256()
        for path in sorted(paths):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
        return digest.hexdigest()

    def read(self) -> Record | None:
        """The record of the last measurement, or None."""
        if not self.record_path.exists():
            return None
        record: Record = json.loads(self.record_path.read_text())
        return record

    def is_current(self) -> bool:
        """Whether there is a record, and of the code as it stands."""
        record = self.read()
        return record is not None and record["source_sha256"] == self.source_sha256()

    def take(self, figure: Figure | None = None) -> Record:
        """Measure, unless a figure is given, write the record and return it."""
        source, begin = self.source_sha256(), time.perf_counter()
        figure = self.measure() if figure is None else figure
        record: Record = {
            "id": self.id,
            "sentence": self.sentence,
            "target": self.target,
            "figure": figure.text,
            "passed": figure.passed,
            "numbers": figure.numbers,
            "command": self.command,
            "seconds": round(time.perf_counter() - begin, 1),
            "date": dt.datetime.now(dt.UTC).date().isoformat(),  # noqa: TID251  # the date of the measurement
            "commit": commit(),
            "machine": machine(),
            "covers": list(self.covers),
            "source_sha256": source,
        }
        RECORDS.mkdir(parents=True, exist_ok=True)
        part = self.record_path.with_suffix(".part")
        part.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        part.replace(self.record_path)
        return record


def registered() -> list[Bar]:
    """All bars of all families, by name."""
    families = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NO_FAMILY)
    bars = [bar for family in families for bar in importlib.import_module(f"evidence.{family}").BARS]
    return sorted(bars, key=lambda bar: bar.id)


def page(records: list[Record]) -> str:
    """The page made from the records, Markdown."""
    lines = [
        "# Evidence",
        "",
        "Every bar, the figure last measured, and where. Made from the records beside this page by `make evidence`;",
        "a test fails where a record is missing or the code it covers has changed since.",
        "",
        "| What is claimed | Target | Figure | | Measured | By |",
        "|---|---|---|---|---|---|",
    ]
    for one in records:
        verdict = {True: "reached", False: "**missed**", None: "not run"}[cast("bool | None", one["passed"])]
        measured = f"{one['date']}, {one['seconds']} s, {one['machine']}, commit `{one['commit']}`"
        file = f"[`{one['id']}`]({one['id']}.json)"
        lines.append(f"| {one['sentence']} | {one['target']} | {one['figure']} | {verdict} | {measured} | {file} |")
    return "\n".join([*lines, "", "Measure one again with `python -m evidence.run NAME --again`.", ""])


def commit() -> str:
    """The commit that stands, and whether files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--", ".", ":!docs/evidence")
    return git("rev-parse", "--short=10", "HEAD") + (" and changes" if changed else "")


def machine() -> str:
    """Processor, number of cores and Python."""
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")] if cpuinfo.exists() else []
    )
    model = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"
