import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.markets.claim_data import MarketData
from megawatt.markets.prices import Calendar, Closes
from megawatt.markets.rotation_report import GROUPS, rotation_report
from megawatt.markets.specimens import (
    ASI_MERGER,
    FET_VALUE_AFTER_MUSD,
    FET_VALUE_BEFORE_MUSD,
    RENAMES,
    SURVIVORSHIP_EQUAL_WEIGHTED_PER_YEAR,
    SURVIVORSHIP_VALUE_WEIGHTED_PER_YEAR,
)
from megawatt.markets.universe import SURVIVORSHIP


def market(days: int = 500, seed: int = 1) -> MarketData:
    """AI shares with a drift of +1 % a day against coins in the last 150 days; AI coins with beta 1.5 to Bitcoin."""
    rng = np.random.default_rng(seed)
    every = np.datetime64("2023-01-01", "D") + np.arange(days)
    sessions = every[np.is_busday(every)]
    bitcoin = 0.02 * rng.standard_normal(days)
    coins = {"BTC": bitcoin}
    for name in ("FET", "NEAR", "TAO"):
        coins[name] = 1.5 * bitcoin + 0.01 * rng.standard_normal(days)
    coins["ETH"] = bitcoin + 0.01 * rng.standard_normal(days)
    drift = np.where(np.arange(sessions.size) > sessions.size - 110, 0.012, -0.002)
    shares = {name: drift + 0.01 * rng.standard_normal(sessions.size) for name in ("NVDA", "DELL", "RIOT")}
    return MarketData(
        Closes(
            tuple(coins), every, np.exp(np.cumsum(np.column_stack(list(coins.values())), axis=0)), Calendar.EVERY_DAY
        ),
        Closes(
            tuple(shares),
            sessions,
            np.exp(np.cumsum(np.column_stack(list(shares.values())), axis=0)),
            Calendar.SESSIONS,
        ),
    )


def test_the_report_shows_each_group_with_its_betas_and_the_regime() -> None:
    report = rotation_report(market(), "2024-05-10", np.random.default_rng(2))
    rows = {row.group: row for row in report.rows}
    assert list(rows) == list(GROUPS)
    assert rows["Bitcoin"].beta_btc is None
    beta = rows["AI coins"].beta_btc
    assert beta is not None
    assert beta[1] < 1.5 < beta[2]
    low, high = rows["AI coins"].beta_nvda[1:]
    assert low < 0 < high
    assert rows["AI shares"].change > 0.4
    assert rows["AI shares"].breadth == 1.0
    assert report.trail.level[0] == pytest.approx(100)
    assert report.trail.level[-1] / 100 - 1 == pytest.approx([row.change for row in report.rows])
    assert report.rotation.name == "rotation persists"
    assert report.rotation.drift_per_row > 0


def test_days_after_the_report_change_nothing_in_it() -> None:
    whole = market()
    cut = MarketData(whole.coins.between("2023-01-01", "2024-03-15"), whole.shares.between("2023-01-01", "2024-03-15"))
    first, second = (rotation_report(d, "2024-03-15", np.random.default_rng(2)) for d in (whole, cut))
    assert first.rows == second.rows
    assert first.rotation == second.rotation
    assert (first.leads, first.breaks) == (second.leads, second.breaks)
    np.testing.assert_array_equal(first.trail.strength, second.trail.strength)


@pytest.mark.parametrize("day", ["2023-03-01", "2022-01-01"])
def test_a_day_with_too_little_before_it_is_refused(day: str) -> None:
    with pytest.raises(InputError, match="the map needs 180"):
        rotation_report(market(), day, np.random.default_rng(2))


def test_the_specimens_are_as_announced() -> None:
    assert [(r.asset, r.value, r.into) for r in ASI_MERGER] == [("OCEAN", 0.433226, "FET"), ("AGIX", 0.43335, "FET")]
    assert {r.effective for r in ASI_MERGER} == {np.datetime64("2024-07-01")}
    assert round((FET_VALUE_AFTER_MUSD / FET_VALUE_BEFORE_MUSD - 1) * 100, 1) == 140.1
    assert f"{SURVIVORSHIP_VALUE_WEIGHTED_PER_YEAR:.2%}".replace("%", " %") in SURVIVORSHIP
    assert f"{SURVIVORSHIP_EQUAL_WEIGHTED_PER_YEAR:.2%}".replace("%", " %") in SURVIVORSHIP
    assert RENAMES[0].into == "RENDER"
