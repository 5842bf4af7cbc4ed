"""The published windows: the list is the one that was published, and covers what it says."""

import numpy as np
import pytest

from bench.instances import DATA
from bench.windows import LIST, SEED, SHA256, SIZES, Window, draw, problem, sha256, to_csv, windows

WINDOWS = windows()
real = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


def months(w: Window) -> set[str]:
    first = np.datetime64(w.day)
    return {str(day)[:7] for day in (first, first + w.days - 1)}


def test_the_list_is_the_one_that_was_published() -> None:
    assert sha256() == SHA256
    assert to_csv(WINDOWS) == LIST.read_text()


@real
def test_the_list_is_what_its_seed_draws() -> None:
    assert to_csv(draw(SEED)) == LIST.read_text()


def test_the_list_covers_every_season_size_and_kind() -> None:
    assert len(WINDOWS) == len({w.name for w in WINDOWS}) >= 200
    assert {w.day[5:7] for w in WINDOWS} == {f"{month:02d}" for month in range(1, 13)}
    assert {(w.days, w.blocks) for w in WINDOWS} == {(days, k) for days in SIZES for k in (1, 4, 7, 16)}
    assert {w.jobs for w in WINDOWS} == {1, 2, 3}
    assert sum(w.extra == "coincident" for w in WINDOWS) >= 20
    assert sum(w.limit_mw < 40 + 70 for w in WINDOWS) >= 20, "limits below the load with all machines in eco"
    assert sum(len(months(w)) > 1 for w in WINDOWS if w.days < 30) >= 10
    assert all(month < "2025" for w in WINDOWS for month in months(w))


@real
@pytest.mark.parametrize("w", WINDOWS[::18], ids=lambda w: w.name)
def test_a_window_is_a_complete_problem_with_its_peak_free(w: Window) -> None:
    made = problem(w)
    assert len(made.price_usd_per_mwh) == made.T == w.grid.n
    assert sum(c.blocks for c in made.machines) == w.blocks
    assert sum(c.blocks * c.power_mw.max() for c in made.machines) == pytest.approx(100.0)
    assert sum(job.power_mw.max() for job in made.batches) == pytest.approx(20.0)
    assert (made.peaks[0].usd_per_mw_month > 0).all()
    assert made.peak_usd_per_mwh.any() == (w.extra == "coincident")
    assert problem(w).sha256() == made.sha256()
