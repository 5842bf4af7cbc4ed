"""Bars of the log: what is acknowledged is kept, every change is found, and how fast.

The long ones are taken in parts; what a part found is kept in `out/evidence` until the code it covers changes, so that
a run that was stopped goes on where it was.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random

from bench.proof_log import measure
from evidence.bar import ROOT, Bar, Figure
from megawatt.live.log.cosigning import cosign
from megawatt.proof.entry import Entry
from megawatt.proof.errors import ProofError
from megawatt.proof.evidence import Evidence
from megawatt.proof.note import Note
from megawatt.proof.policy import Policy
from megawatt.proof.store import Log, create_log
from megawatt.proof.timestamp import Stamp
from megawatt.proof.tlog_proof import TlogProof
from megawatt.proof.witness import Request
from tests.live.logs import served, witness_at
from tests.proof.faults.scenario import Promises, prepare
from tests.proof.faults.test_failing_calls import all_cases, calls_of_a_day, killed_children, sweep
from tests.proof.faults.test_power_cuts import cut_everywhere
from tests.proof.samples import LOG_KEY, some_entries
from tests.proof.specimens import specimens
from tests.proof.test_audit import BYTE_KINDS, byte_changes, check_found, entry_changes, file_changes, run, serve

PROOF = ("src/megawatt/proof/*.py",)
STORE = ("src/megawatt/proof/*.py", "src/megawatt/proof/store/*.py")
LIVE = "src/megawatt/live/log/*.py"
FAULTS = "tests/proof/faults/*.py"
CASES_A_PART = 50

Counts = dict[str, int]


def in_parts(bar_id: str, parts: Iterable[tuple[str, Callable[[], Counts]]]) -> Counts:
    """Sum the counts of all parts; a part that was counted on the same code is not counted again."""
    (bar,) = (one for one in BARS if one.id == bar_id)
    path, source = ROOT / "out" / "evidence" / f"{bar_id}.json", bar.source_sha256()
    kept = json.loads(path.read_text()) if path.exists() else {}
    done: dict[str, Counts] = kept["parts"] if kept.get("source") == source else {}
    total: Counts = {}
    for name, count in parts:
        if name not in done:
            done[name] = count()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"source": source, "parts": done}))
        for key, number in done[name].items():
            total[key] = total.get(key, 0) + number
    return total


def changes_found() -> Figure:
    """Every bit flipped, byte deleted, inserted or swapped, every entry and file deleted, doubled or swapped."""
    files = serve()
    unchanged = run(files)

    def count(changes: Iterable[object]) -> Callable[[], Counts]:
        return lambda: dict(zip(("rejected", "listed"), check_found(changes, unchanged), strict=True))  # type: ignore[arg-type]

    def parts() -> Iterator[tuple[str, Callable[[], Counts]]]:
        for kind in BYTE_KINDS:
            for path in files:
                yield f"{kind} {path}", count(byte_changes(files, kind, path))
        yield "entries", count(entry_changes(files))
        yield "files", count(file_changes(files))

    total = in_parts("log-changes-found", parts())
    text = f"{total['rejected']:,} rejected, {total['listed']:,} of listed kinds that change nothing verified"
    return Figure(text, total["rejected"] > 100_000, dict(total))


def faults_survived() -> Figure:
    """EIO, ENOSPC and deaths at every file system call, with and without syncfs; and real SIGKILLs of a child."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepared: tuple[Path, Promises] = place / "prepared", prepare(place / "prepared")
        cases = all_cases(prepared, place)
        kills = calls_of_a_day(prepared, place, syncfs=True)

        def parts() -> Iterator[tuple[str, Callable[[], Counts]]]:
            for at in range(0, len(cases), CASES_A_PART):
                some = cases[at : at + CASES_A_PART]
                yield f"faults {at}", lambda some=some: {"faults": sweep(prepared, place, some)}  # type: ignore[misc]
            for at in range(0, kills, CASES_A_PART):
                calls = range(at, min(kills, at + CASES_A_PART))
                yield f"kills {at}", lambda calls=calls: {"kills": killed_children(prepared, place, iter(calls))}  # type: ignore[misc]

        total = in_parts("log-survives-faults", parts())
    injected = sum(total.values())
    text = f"{injected:,} faults ({total['kills']} of them SIGKILL): 0 acknowledged entries lost, 0 rollbacks signed"
    return Figure(text, injected >= 500, {**total, "lost": 0, "rollbacks": 0})


def power_cuts_survived() -> Figure:
    """Un-synced writes and names lost, kept or torn after every call; the control has its syncs left out."""

    def cut(*, syncfs: bool, draws: int, syncs_work: bool = True) -> Counts:
        with tempfile.TemporaryDirectory() as folder:
            findings = cut_everywhere(Path(folder), syncfs=syncfs, draws=draws, syncs_work=syncs_work)
        name = "cut" if syncs_work else "control"
        return {f"{name}_schedules": len(findings), f"{name}_broken": sum(map(bool, findings))}

    total = in_parts(
        "log-survives-power-cuts",
        [
            ("syncfs", lambda: cut(syncfs=True, draws=8)),
            ("fsync", lambda: cut(syncfs=False, draws=8)),
            ("control", lambda: cut(syncfs=True, draws=2, syncs_work=False)),
        ],
    )
    text = (
        f"{total['cut_broken']} of {total['cut_schedules']:,} broken; "
        f"control without syncs: {total['control_broken']} of {total['control_schedules']:,}"
    )
    passed = total["cut_schedules"] >= 1000 and not total["cut_broken"] and total["control_broken"] > 0
    return Figure(text, passed, dict(total))


TARGETS = (
    ("integrated and signed, batches of 4096, synced [entries/s]", 50_000),
    ("rebuild / hash-only limit", 0.8),
    ("inclusion proofs made [1/CPU s]", 20_000),
    ("inclusion proofs checked [1/CPU s]", 30_000),
    ("audit [entries/CPU s]", 150_000),
)
ACKNOWLEDGED_MS = 20.0


def speed() -> Figure:
    """One run of `bench/proof_log.py`; what waits for the disk stands beside the disk's own flush time."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    numbers: dict[str, float | int | str] = {name: "not installed" if x is None else x for name, x in figures.items()}
    late = float(figures["256, signed beside in a thread: acknowledged p99 [ms]"] or 0.0)
    missed = [name for name, least in TARGETS if float(figures[name] or 0.0) < least]
    missed += ["acknowledged p99"] if late > ACKNOWLEDGED_MS else []
    text = (
        f"{figures[TARGETS[0][0]]:,.0f} entries/s synced; p99 {late:.1f} ms (disk's own flush "
        f"{figures['disk flush p99 [ms]']:.1f} ms); rebuild {figures[TARGETS[1][0]]:.2f} of hashing alone "
        f"({figures['rebuild / hash-only limit, files on this disk, unsynced']:.2f} with files made on this disk); "
        f"{figures[TARGETS[2][0]]:,.0f} proofs/s, {figures[TARGETS[3][0]]:,.0f} checked/s; "
        f"audit {figures[TARGETS[4][0]]:,.0f} entries/s"
    )
    return Figure(text + (f"; missed: {', '.join(missed)}" if missed else ""), not missed, numbers)


def round_trip() -> Figure:
    """A checkpoint posted to a witness in this process over HTTP, with its own disk writes synced."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        create_log(place / "log", LOG_KEY, segment_bytes=1 << 17)
        with Log(place / "log", LOG_KEY) as log, served(witness_at(place / "witness", sync=True)) as policy:
            for size in range(1, 101):
                log.append(some_entries(size))
                note = log.checkpoint()
                begin = time.perf_counter()
                merged, _ = cosign(note, log.tree, policy)
                times.append((time.perf_counter() - begin) * 1e3)
                policy.check(merged)
    median = sorted(times)[50]
    return Figure(f"{median:.1f} ms", median <= 50, {"p50_ms": round(median, 2), "p99_ms": round(sorted(times)[98], 2)})


READERS: dict[str, Callable[[bytes], object]] = {
    "checkpoint": Note.from_bytes,
    "cosigned checkpoint": Note.from_bytes,
    "witness request": Request.from_bytes,
    "tlog-proof": TlogProof.from_bytes,
    "evidence": Evidence.from_bytes,
    "entry": Entry.from_bytes,
    "document entry": Entry.from_bytes,
    "policy": Policy.from_text,
    "stamp": lambda data: [path.message(bytes(32)) for path in Stamp.from_bytes(data).paths],
}
MUTATIONS = 20_000
PEAK_BYTES = 8_000_000


def fuzz() -> Figure:
    """Specimens with bytes changed, cut, doubled and spliced: the readers answer with a value or a declared error."""
    rng, texts = Random(7), specimens()  # noqa: S311 - repeatable draws
    seeds = {name: texts[name].encode() for name in READERS}
    seeds["stamp"] = bytes.fromhex(texts["stamp"])
    for name in ("entry", "document entry"):
        seeds[name] = seeds[name].removesuffix(b"\n")
    refused, others = 0, list(seeds.values())
    tracemalloc.start()
    for name, read in READERS.items():
        for _ in range(MUTATIONS):
            try:
                read(mutated(seeds[name], rng, others))
            except ProofError:
                refused += 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    count = MUTATIONS * len(READERS)
    text = f"{count:,} mutated files, {refused:,} refused, no other error; at most {peak / 1e6:.1f} MB at a time"
    return Figure(text, peak <= PEAK_BYTES, {"files": count, "refused": refused, "peak_bytes": peak})


def mutated(data: bytes, rng: Random, others: list[bytes]) -> bytes:
    """One to four changes somewhere."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, end = sorted(rng.randrange(len(out) + 1) for _ in range(2))
        kind = rng.randrange(5)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[at : min(end, at + 40)]
        elif kind == 2:
            out[at:at] = out[at:end]
        elif kind == 3:
            other = rng.choice(others)
            cut = rng.randrange(len(other))
            out[at:end] = other[cut : cut + rng.randrange(100)]
        else:
            out[at:at] = rng.randbytes(rng.randrange(1, 9))
    return bytes(out)


def foreign() -> Figure:
    """The tests that hand our files to programs of others; what is not installed here is said."""
    files = ["test_foreign.py", "test_golden_log.py", "test_timestamp.py", "test_tree.py"]
    paths = [f"tests/proof/{name}" for name in files]
    paths += ["tests/live/test_calendars.py", "tests/live/test_foreign_witness.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    passed, skipped = (int((re.search(rf"(\d+) {word}", done) or ["", "0"])[1]) for word in ("passed", "skipped"))
    missing = sorted(set(re.findall(r"SKIPPED .*?: (.+)$", done, flags=re.MULTILINE)))
    failed = " failed" in done or " error" in done or not passed
    text = f"{passed} checks passed" + (f"; not here: {'; '.join(missing)}" if missing else ", none left out")
    verdict = False if failed else None if missing else True
    return Figure(text, verdict, {"passed": passed, "skipped": skipped})


BARS: tuple[Bar, ...] = (
    Bar(
        id="log-changes-found",
        sentence="Every single-bit change, deletion, insertion and swap in the served files of a 300-entry log is refused, "
        "or is of a listed unsigned kind and changes nothing verified (7 minutes, resumable).",
        target="all of more than 100,000",
        covers=(*PROOF, "tests/proof/test_audit.py", "tests/proof/samples.py"),
        measure=changes_found,
    ),
    Bar(
        id="log-survives-faults",
        sentence="EIO, ENOSPC or death at every file system call of a log's day loses no acknowledged entry and signs no "
        "second history (resumable).",
        target="at least 500 faults, 0 lost, 0 rollbacks",
        covers=(*STORE, FAULTS),
        measure=faults_survived,
    ),
    Bar(
        id="log-survives-power-cuts",
        sentence="A power cut after any call, un-synced writes lost or torn, loses no acknowledged entry; without syncs the "
        "same cuts do (13 minutes, resumable).",
        target="0 of at least 1,000 schedules; the control breaks",
        covers=(*STORE, FAULTS),
        measure=power_cuts_survived,
    ),
    Bar(
        id="log-speed",
        sentence="The log is fast with sync on, and what hashing costs is what it costs.",
        target="50,000 entries/s in batches of 4,096; p99 acknowledgement 20 ms at 256 while another thread signs; rebuild "
        "0.8 of hashing alone (files in memory, unsynced); 20,000 proofs/s, 30,000 checked/s; audit 150,000 entries/s",
        covers=(*STORE, "bench/proof_log.py"),
        measure=speed,
    ),
    Bar(
        id="witness-round-trip",
        sentence="A witness on the same machine cosigns within the blink of an eye (median of 100).",
        target="at most 50 ms",
        covers=(*STORE, LIVE),
        measure=round_trip,
    ),
    Bar(
        id="log-fuzz",
        sentence="Mutated notes, requests, proofs, evidence, entries, policies and .ots files end in declared errors only.",
        target=f"no other error, at most {PEAK_BYTES / 1e6:.0f} MB",
        covers=(*PROOF, "tests/proof/specimens.py"),
        measure=fuzz,
    ),
    Bar(
        id="log-foreign",
        sentence="Programs that we did not write accept our logs at every size from 0 to 2,000, our signatures, our anchors "
        "and our stamps, cosign our heads, and refuse altered ones: Go x/mod sumdb, openssl, the original ots client and "
        "library, Bitcoin Core's engine, aics-witness; golden log and vectors are met byte for byte.",
        target="all, none left out",
        covers=(*STORE, LIVE, "tests/proof/test_foreign.py", "tests/live/test_*.py", "tests/live/regtest.py"),
        measure=foreign,
    ),
)
