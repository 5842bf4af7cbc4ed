import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.events import Design, Event
from megawatt.markets.overlap import calendar_time, dimson_beta, overlapping, scholes_williams_beta
from megawatt.markets.prices import Calendar, Closes


def market_and_assets(rows: int = 400, assets: int = 6, seed: int = 1) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    market = 0.02 * rng.standard_normal(rows)
    return market, market[:, None] + 0.02 * rng.standard_normal((rows, assets))


def closes(market: Floats, assets: Floats) -> Closes:
    usd = np.exp(np.cumsum(np.column_stack([market, assets]), axis=0))
    days = np.datetime64("2023-01-01", "D") + np.arange(len(usd))
    return Closes(("M", *(f"A{i}" for i in range(assets.shape[1]))), days, usd, Calendar.EVERY_DAY)


DESIGN = Design(factors=("M",), first=0, last=9)


def test_events_whose_windows_share_a_day_are_named() -> None:
    table = closes(*market_and_assets())
    events = [
        Event("a", "A0", "2023-06-01"),
        Event("b", "A1", "2023-06-10"),
        Event("c", "A2", "2023-06-11"),
        Event("d", "A3", "2023-08-01"),
    ]
    assert overlapping(table, events, DESIGN) == [("a", "b"), ("b", "c")]


def test_the_calendar_time_portfolio_finds_a_planted_drift_of_overlapping_events() -> None:
    market, assets = market_and_assets()
    events = []
    for i in range(30):
        row = 20 + 12 * i
        assets[row : row + 10, i % 6] += 0.02
        events.append(Event(f"e{i}", f"A{i % 6}", str(np.datetime64("2023-01-01", "D") + row)))
    found = calendar_time(closes(market, assets), events, DESIGN)
    assert found.alpha == pytest.approx(0.02, abs=0.004)
    assert found.p_value < 1e-4
    assert found.days == 300


def test_too_few_days_for_a_calendar_time_portfolio_are_refused() -> None:
    table = closes(*market_and_assets())
    with pytest.raises(InputError, match="days inside a window"):
        calendar_time(table, [Event("a", "A0", "2023-06-01")], Design(factors=("M",), first=0, last=1))


def test_late_trading_hides_a_beta_that_both_corrections_find_again() -> None:
    rng = np.random.default_rng(2)
    market = rng.standard_normal(20_000)
    true = market + 0.3 * rng.standard_normal(20_000)
    late = 0.5 * true + 0.5 * np.concatenate([[0.0], true[:-1]])
    plain = float(np.polyfit(market, late, 1)[0])
    assert plain == pytest.approx(0.5, abs=0.03)
    assert scholes_williams_beta(late, market) == pytest.approx(1.0, abs=0.04)
    assert dimson_beta(late, market) == pytest.approx(1.0, abs=0.04)
