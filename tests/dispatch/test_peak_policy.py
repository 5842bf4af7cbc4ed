"""Standing by against coincident peaks."""

import numpy as np

from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.dispatch.peak_policy import persistence_rule, score_peaks, stand_by


def test_it_stands_by_where_the_expected_charge_is_more_than_the_margin() -> None:
    chance = np.array([0.0, 0.003, 0.005, np.nan, 0.001])
    margin = np.array([-5.0, 57.0, 57.0, 57.0, -5.0])
    away = stand_by(chance, worth_usd_per_mw=15_000.0, margin_usd_per_mwh=margin, hours=1.0)
    assert away.tolist() == [False, False, True, False, True]


def test_a_quarter_hour_has_a_quarter_of_the_margin() -> None:
    away = stand_by(np.array([0.001]), worth_usd_per_mw=15_000.0, margin_usd_per_mwh=np.array([57.0]), hours=0.25)
    assert away.all()


def test_the_score_is_charges_avoided_less_margin_lost() -> None:
    away = np.array([True, True, False, True])
    got = score_peaks(
        away,
        np.array([1, 2]),
        worth_usd_per_mw=15_000.0,
        margin_usd_per_mwh=np.array([50.0, 40.0, 60.0, -9.0]),
        hours=1.0,
    )
    assert (got.hits, got.peaks, got.hours, got.paid_hours) == (1, 2, 3.0, 2.0)
    assert got.net_usd_per_mw == 15_000.0 - 90.0


def test_the_rule_of_thumb_stands_by_on_afternoons_near_the_record_and_sees_nothing_later() -> None:
    grid = TimeGrid(np.datetime64("2024-07-01T05:00", "s"), 60, 24 * 10)
    index = grid.index("America/Chicago")
    day = np.arange(grid.n) // 24
    values = 60_000 + 10_000 * np.exp(-(((np.asarray(index.hour) - 16) / 4) ** 2)) - 5_000 * (day == 6)
    load = Series("load/ERCOT", Unit.MW, grid, values, grid.ends + np.timedelta64(3600, "s"), Provenance("made up"))
    away = persistence_rule(load, months=(7,), timezone="America/Chicago")
    assert set(np.asarray(index.hour)[away] + 1) <= {15, 16, 17, 18, 19}
    assert away[day == 5].any()
    assert not away[day == 6][16:].any()  # a cool day
    spoilt = Series(
        load.name,
        load.unit,
        grid,
        np.where(load.known_at > grid.starts[140], 1.0, values),
        load.known_at,
        load.provenance,
    )
    np.testing.assert_array_equal(persistence_rule(spoilt, months=(7,), timezone="America/Chicago")[:141], away[:141])
