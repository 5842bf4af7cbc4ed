"""The local store: exact round trip, and whole or not at all when a process dies or a disk is full."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import NEVER, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.sources.store import Store

SOURCE = Provenance("a file", retrieved="2024-07-01", licence="CC0", sha256="ab" * 32, modelled=False)


def series(values: list[float], name: str = "price_rt/LZ_WEST") -> Series:
    grid = TimeGrid(np.datetime64("2024-01-01T06:00:00", "s"), 15, len(values))
    return Series(name, Unit.USD_PER_MWH, grid, np.array(values), grid.ends, SOURCE)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=50), st.sampled_from(list(Unit)))
def test_what_goes_in_comes_out_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], unit: Unit
) -> None:
    store = Store(tmp_path_factory.mktemp("store") / "data.sqlite")
    grid = TimeGrid(np.datetime64("1969-12-31T23:00:00", "s"), 60, len(values))
    put = Series("x/ü", unit, grid, np.array(values), grid.ends, SOURCE)
    store.put(put)
    got = store.get("x/ü")

    assert got.values.tobytes() == put.values.tobytes()
    assert got.known_at.tobytes() == put.known_at.tobytes()
    assert (got.grid, got.unit, got.provenance, got.sha256()) == (grid, unit, SOURCE, put.sha256())


def test_a_missing_value_stays_missing_and_is_never_known(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    store.put(series([31.0, float("nan"), 29.5]))

    assert store.get("price_rt/LZ_WEST").known_at[1] == NEVER
    assert [gap.intervals for gap in store.get("price_rt/LZ_WEST").gaps()] == [1]


def test_names_dataset_and_remove(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    store.put(series([1.0], "b"))
    store.put(series([2.0], "a"))

    assert store.names() == ["a", "b"]
    assert store.dataset()["a"].values.tolist() == [2.0]
    store.remove("a")
    assert store.names() == ["b"]
    with pytest.raises(InputError, match="use one of: b"):
        store.remove("a")


def test_a_store_that_does_not_exist_reads_as_empty_and_is_not_made_by_reading(tmp_path: Path) -> None:
    store = Store(tmp_path / "none.sqlite")

    assert store.names() == []
    assert len(store.dataset()) == 0
    with pytest.raises(InputError, match="none"):
        store.get("a")
    assert not store.path.exists()


def test_a_missing_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    store.put(series([1.0], "price_rt/LZ_WEST"))

    with pytest.raises(InputError, match="price_rt/LZ_WEST"):
        store.get("price_rt/LZWEST")


def test_the_same_series_again_changes_nothing_and_another_of_its_name_needs_replace(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    old, new = series([1.0, 2.0]), series([1.0, 2.5])
    store.put(old)
    store.put(old)
    with pytest.raises(InputError, match="replace=True") as refusal:
        store.put(new)

    assert old.sha256() in str(refusal.value)
    assert new.sha256() in str(refusal.value)
    assert store.get(old.name).sha256() == old.sha256()
    store.put(new, replace=True)
    assert store.get(old.name).sha256() == new.sha256()


def test_several_series_are_put_all_or_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    store.put(series([1.0], "b"))
    with pytest.raises(InputError, match="from a file, with sha256"):
        store.put(series([3.0], "a"), series([2.0], "b"))
    assert store.names() == ["b"]
    store.put(series([3.0], "a"), series([2.0], "b"), replace=True)
    assert [store.get(name).values.tolist() for name in ("a", "b")] == [[3.0], [2.0]]


KILLED = """
import sys, time
from contextlib import contextmanager
import numpy as np
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.sources.store import Store

class Slow(Store):
    @contextmanager
    def _connection(self, *, write=False):
        with super()._connection(write=write) as db:
            yield db
            if write:  # the new rows are written, the commit is not
                print("written", flush=True)
                time.sleep(60)

grid = TimeGrid(np.datetime64("2024-01-01T06:00:00", "s"), 15, 1_000_000)
values = np.random.default_rng(1).normal(size=grid.n)
new = Series("price_rt/LZ_WEST", Unit.USD_PER_MWH, grid, values, grid.ends, Provenance("new"))
Slow(sys.argv[1]).put(new, replace=True)
"""


def test_a_process_killed_in_the_middle_of_a_put_leaves_the_old_state(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    old = series([1.0, 2.0, 3.0])
    store.put(old)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(  # our own interpreter and our own text
        [sys.executable, "-c", KILLED, str(store.path)], stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        spilt = store.path.stat().st_size
        process.kill()
        process.wait()

    assert spilt > 10_000_000  # the new bytes had reached the file already
    assert store.get(old.name).sha256() == old.sha256()
    assert store.names() == [old.name]


def test_a_full_disk_is_named_and_the_store_is_as_before(tmp_path: Path) -> None:
    class Full(Store):
        @contextlib.contextmanager
        def _connection(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
            with super()._connection(write=write) as db:
                db.execute("PRAGMA max_page_count = 20")  # SQLite's own way to make a disk full
                yield db

    Store(tmp_path / "data.sqlite").put(series([1.0]))
    with pytest.raises(InputError, match="Free space"):
        Full(tmp_path / "data.sqlite").put(series([0.5] * 100_000, "b"))

    assert Store(tmp_path / "data.sqlite").names() == ["price_rt/LZ_WEST"]


def test_a_read_only_store_is_named(tmp_path: Path) -> None:
    class ReadOnly(Store):
        def _open(self, *, write: bool) -> sqlite3.Connection:
            db = super()._open(write=write)
            db.execute("PRAGMA query_only = 1")  # the answer of a read-only disk, also when root runs the tests
            return db

    Store(tmp_path / "data.sqlite").put(series([1.0]))
    with pytest.raises(InputError, match="writable"):
        ReadOnly(tmp_path / "data.sqlite").put(series([1.0], "b"))


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Create the folder"):
        Store(tmp_path / "no" / "data.sqlite").put(series([1.0]))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.sqlite").write_bytes(b"time,price\n" * 500)

    with pytest.raises(InputError, match="damaged"):
        Store(tmp_path / "data.sqlite").names()


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "data.sqlite")) as db:
        db.execute("CREATE TABLE series (name)")
        db.commit()
    before = (tmp_path / "data.sqlite").read_bytes()

    with pytest.raises(InputError, match="Choose another path"):
        Store(tmp_path / "data.sqlite").put(series([1.0]))
    assert (tmp_path / "data.sqlite").read_bytes() == before


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "data.sqlite").put(series([1.0]))
    with contextlib.closing(sqlite3.connect(tmp_path / "data.sqlite")) as db:
        db.execute("PRAGMA user_version = 2")

    with pytest.raises(InputError, match="schema version 2"):
        Store(tmp_path / "data.sqlite").get("price_rt/LZ_WEST")


def test_every_spoilt_byte_of_the_values_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    store.put(series([31.25] * 40))
    good = store.path.read_bytes()
    at = good.index(np.full(40, 31.25).tobytes())

    for offset in range(0, 320, 7):
        spoilt = bytearray(good)
        spoilt[at + offset] ^= 1
        store.path.write_bytes(spoilt)
        with pytest.raises(InputError, match="restore it from a copy"):
            store.get("price_rt/LZ_WEST")


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")
    store.put(series([31.25] * 5_000))
    store.path.write_bytes(store.path.read_bytes()[:9_000])

    with pytest.raises(InputError, match="damaged"):
        store.get("price_rt/LZ_WEST")


def test_two_threads_put_beside_each_other_and_nothing_is_lost(tmp_path: Path) -> None:
    store = Store(tmp_path / "data.sqlite")

    def put(first: int) -> None:
        for k in range(first, first + 10):
            store.put(series([float(k)], f"x/{k:03d}"))

    threads = [threading.Thread(target=put, args=(first,)) for first in (0, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.names() == [f"x/{k:03d}" for k in range(20)]
