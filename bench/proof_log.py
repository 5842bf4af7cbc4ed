"""Speed of the log with sync on, beside the disk's own flush time and the limit that hashing alone sets.

    python bench/proof_log.py [DIRECTORY] [--json FILE]

All figures come from one run on the file system of DIRECTORY (a temporary one by default); compare their ratios, not
runs on different machines. pymerkle is timed beside if it is installed.
"""

import argparse
import importlib.util
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from megawatt.proof.audit import audit
from megawatt.proof.edge import Edge
from megawatt.proof.keys import SecretKey
from megawatt.proof.policy import single_log_policy
from megawatt.proof.store import Log, ServedDirectory, create_log
from megawatt.proof.tiled_tree import TiledTree
from megawatt.proof.tiles import bundle_leaf_hashes, bundles_of
from megawatt.proof.tree import check_inclusion

KEY = SecretKey("bench.example/log", bytes(32))
SLICE = 4096
"""Entries measured together where two things are compared."""

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
"""A file system in memory, where there is one. To make a file takes ext4 five times as long in the minutes after others
were deleted beside it; that is a figure of the disk's, not of the log's, and stands beside."""


def make_entries(count: int, start: int = 0) -> list[bytes]:
    """Entries of 157 bytes, no two equal."""
    return [i.to_bytes(8, "big") * 19 + b"12345" for i in range(start, start + count)]


def per_second(count: int, work: Callable[[], object]) -> float:
    """Units of work in a second."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def per_cpu_second(count: int, work: Callable[[], object]) -> float:
    """Units of work in a second of this process's own time: what waits for nothing is measured free of neighbours."""
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        work()
        best = max(best, count / (time.process_time() - start))
    return best


def percentile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def flush_times_ms(directory: Path, count: int = 200) -> list[float]:
    """Time of writing 4,096 bytes over a file that is there, and fdatasync: what the disk itself takes."""
    path = directory / "flush"
    path.write_bytes(bytes(1 << 20))
    fd = os.open(path, os.O_WRONLY)
    os.fsync(fd)
    times = []
    for i in range(count):
        start = time.perf_counter()
        os.pwrite(fd, i.to_bytes(4, "big") * 1024, 4096 * (i % 256))
        os.fdatasync(fd)
        times.append((time.perf_counter() - start) * 1e3)
    os.close(fd)
    return times


def hash_only(entries: list[bytes]) -> None:
    """The hashing that no log can avoid, one leaf and one node an entry, by the plainest calls of hashlib."""
    row = [sha256(b"\0" + entry).digest() for entry in entries]
    while len(row) > 1:
        row = [sha256(b"\1" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]


def integrate(directory: Path, batch: int, batches: int) -> float:
    """Entries a second, each batch appended, integrated, synced and signed."""
    work = [make_entries(batch, i * batch) for i in range(batches)]
    create_log(directory, KEY)
    with Log(directory, KEY) as log:

        def run() -> None:
            for entries in work:
                log.append(entries)
                log.checkpoint()
            log.publish(log.checkpoint())

        return per_second(batch * batches, run)


def acknowledge(directory: Path, batch: int, seconds: float, *, beside: bool) -> tuple[list[float], float]:
    """Times of acknowledgement in ms, and entries a second until all are signed; a checkpoint each second.

    Args:
        directory: Where to make the log.
        batch: Entries acknowledged together.
        seconds: How long.
        beside: Sign in another thread while entries come in; else in the same thread between two acknowledgements.
    """
    create_log(directory, KEY)
    stop = threading.Event()
    times: list[float] = []
    with Log(directory, KEY) as log:

        def sign() -> None:
            while not stop.wait(1.0):
                log.publish(log.checkpoint())

        signer = threading.Thread(target=sign)
        if beside:
            signer.start()
        begin = last = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            entries = make_entries(batch, log.acknowledged)
            start = time.perf_counter()
            log.append(entries)
            end = time.perf_counter()
            times.append((end - start) * 1e3)
            if not beside and end - last >= 1.0:
                log.publish(log.checkpoint())
                last = time.perf_counter()
        stop.set()
        if beside:
            signer.join()
        log.publish(log.checkpoint())
        return times, log.size / (time.perf_counter() - begin)


def rebuild(directory: Path, size: int, target: Path) -> Iterator[None]:
    """Files of tiles anew from the entry bundles, not synced; stops after every `SLICE` entries.

    Into an empty folder, because to cut old files short would wait for the disk.
    """
    fetch, edge = ServedDirectory(directory / "log").fetch, Edge()
    made: set[str] = set()
    for bundle in bundles_of(size):
        for tile, data in edge.grow(bundle_leaf_hashes(fetch(bundle.path), bundle.width)):
            path = f"{target}/{tile.path}"  # pathlib would take as long as hashing forty nodes
            folder, _, _ = path.rpartition("/")
            if folder not in made:
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103
                made.add(folder)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            os.write(fd, data)
            os.close(fd)
        if edge.size % SLICE == 0:
            yield


def rebuilding(directory: Path, size: int, into: Path, turns: int = 7) -> tuple[float, float]:
    """Entries a CPU second of rebuilding into a folder and of hashing alone.

    Both are taken in turn, slice by slice of 4,096 entries, and of every slice the best turn counts: neighbours that
    share the processor then disturb both alike. `size` is a multiple of `SLICE`.
    """
    parts = [make_entries(SLICE, start) for start in range(0, size, SLICE)]
    best = [[float("inf"), float("inf")] for _ in parts]
    for turn in range(turns):
        slices = rebuild(directory, size, into / f"rebuilt-{turn}")
        for part, times in zip(parts, best, strict=True):
            start = time.process_time()
            next(slices)
            middle = time.process_time()
            hash_only(part)
            end = time.process_time()
            times[:] = min(times[0], middle - start), min(times[1], end - middle)
    return size / sum(times[0] for times in best), size / sum(times[1] for times in best)


def proofs(directory: Path, size: int, count: int = 20_000) -> tuple[float, float]:
    """Inclusion proofs made and checked a second, with tiles in memory."""
    tree = TiledTree(size, ServedDirectory(directory / "log").fetch)
    root, wanted = tree.root(), [i * 7919 % size for i in range(count)]
    made = [tree.prove_inclusion(index) for index in wanted]
    leaves = [tree.leaf(index) for index in wanted]
    proving = per_cpu_second(count, lambda: [tree.prove_inclusion(index) for index in wanted])

    def check() -> None:
        for index, leaf, proof in zip(wanted, leaves, made, strict=True):
            check_inclusion(index, size, leaf, root, proof)

    return proving, per_cpu_second(count, check)


def pymerkle_rate(entries: list[bytes]) -> float | None:
    """Appends a second of pymerkle's tree in memory, unsynced; None if it is not installed."""
    if importlib.util.find_spec("pymerkle") is None:
        return None
    tree = importlib.import_module("pymerkle").InmemoryTree(algorithm="sha256")
    return per_second(len(entries), lambda: [tree.append_entry(entry) for entry in entries])


def measure(directory: Path) -> dict[str, float | None]:
    """All figures, in one run."""
    flush = flush_times_ms(directory)
    entries = make_entries(1 << 17)
    big = integrate(directory / "4096", 4096, 32)
    beside, rate_beside = acknowledge(directory / "beside", 256, 8.0, beside=True)
    between, rate_between = acknowledge(directory / "between", 256, 8.0, beside=False)
    served, size = directory / "4096", 32 * 4096
    proving, checking = proofs(served, size)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else directory) as memory:
        rebuilt, limit = rebuilding(served, size, Path(memory))
    rebuilt_on_disk, limit_then = rebuilding(served, size, directory)
    fetch = ServedDirectory(served / "log").fetch
    return {
        "disk flush p50 [ms]": percentile(flush, 0.5),
        "disk flush p99 [ms]": percentile(flush, 0.99),
        "hash-only limit [entries/CPU s]": limit,
        "integrated and signed, batches of 4096, synced [entries/s]": big,
        "256, signed between: acknowledged p50 [ms]": percentile(between, 0.5),
        "256, signed between: acknowledged p99 [ms]": percentile(between, 0.99),
        "256, signed between: integrated [entries/s]": rate_between,
        "256, signed beside in a thread: acknowledged p50 [ms]": percentile(beside, 0.5),
        "256, signed beside in a thread: acknowledged p99 [ms]": percentile(beside, 0.99),
        "256, signed beside in a thread: integrated [entries/s]": rate_beside,
        "rebuild of tiles, files in memory [entries/CPU s]": rebuilt,
        "rebuild / hash-only limit": rebuilt / limit,
        "rebuild / hash-only limit, files on this disk, unsynced": rebuilt_on_disk / limit_then,
        "inclusion proofs made [1/CPU s]": proving,
        "inclusion proofs checked [1/CPU s]": checking,
        "audit [entries/CPU s]": per_cpu_second(size, lambda: audit(single_log_policy(KEY.key), fetch)),
        "pymerkle in memory, unsynced [entries/s]": pymerkle_rate(entries[: 1 << 14]),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        figures = measure(Path(directory))
    for name, figure in figures.items():
        print(f"{name:60} {'not installed' if figure is None else f'{figure:,.2f}':>16}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
