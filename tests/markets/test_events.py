import numpy as np
import pandas as pd
import pytest

from megawatt.core.errors import InputError
from megawatt.markets.events import Design, Event, KnownEvent, contaminations, day_zero, event_panel
from megawatt.markets.normal import Model
from megawatt.markets.prices import Calendar, Closes
from megawatt.markets.study import merge_legs, study

SESSIONS_OF_JUNE = np.array(
    ["2024-06-14", "2024-06-17", "2024-06-18", "2024-06-20", "2024-06-21", "2024-06-24"], dtype="datetime64[D]"
)


def made_up(names: tuple[str, ...] = ("FET", "NEAR", "BTC"), days: int = 200, seed: int = 3) -> Closes:
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-01-01", periods=days)
    usd = np.exp(np.cumsum(0.03 * rng.standard_normal((days, len(names))), axis=0))
    return Closes.from_frame(pd.DataFrame(usd, index=index, columns=list(names)), Calendar.EVERY_DAY)


def test_news_of_juneteenth_has_day_zero_on_20_june_for_a_share_and_on_19_june_for_a_coin() -> None:
    coins = np.arange("2024-06-14", "2024-06-25", dtype="datetime64[D]")
    assert SESSIONS_OF_JUNE[day_zero(SESSIONS_OF_JUNE, "2024-06-19")] == np.datetime64("2024-06-20")
    assert coins[day_zero(coins, "2024-06-19")] == np.datetime64("2024-06-19")


@pytest.mark.parametrize("day", ["2024-06-01", "2024-06-25", "2025-01-01"])
def test_an_event_outside_the_prices_is_refused(day: str) -> None:
    with pytest.raises(InputError, match="the prices run from 2024-06-14 to 2024-06-24"):
        day_zero(SESSIONS_OF_JUNE, day)


def test_the_same_firm_in_two_events_counts_two() -> None:
    events = [Event("a", "FET", "2024-06-01"), Event("b", "FET", "2024-06-20"), Event("c", "NEAR", "2024-06-20")]
    panel = event_panel(made_up(), events, Design())
    assert panel.panel.n_events == 3
    assert [event.name for event in panel.events] == ["a", "b", "c"]
    alone = event_panel(made_up(), events[:1], Design())
    assert panel.panel.window[0] == pytest.approx(alone.panel.window[0])


def test_two_events_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two events are named 'a'"):
        event_panel(made_up(), [Event("a", "FET", "2024-06-01")] * 2, Design())


def test_the_estimation_window_is_where_the_design_says() -> None:
    closes = made_up()
    design = Design(estimation_days=43, days_before=10, model=Model.MEAN, factors=())
    panel = event_panel(closes, [Event("a", "FET", "2024-06-19")], design).panel
    row = day_zero(closes.days, "2024-06-19")
    returns = np.diff(np.log(closes.column("FET")))[row - 53 : row - 10]
    assert closes.days[row - 10] == np.datetime64("2024-06-09")
    assert panel.estimation[0] == pytest.approx(returns - returns.mean())


def test_an_asset_without_enough_days_is_named_and_not_used() -> None:
    closes = made_up()
    usd = closes.usd.copy()
    usd[:150, 0] = np.nan
    young = Closes(closes.names, closes.days, usd, closes.calendar)
    events = [Event("a", "FET", "2024-06-19"), Event("b", "NEAR", "2024-06-19")]
    panel = event_panel(young, events, Design())
    assert [event.asset for event in panel.events] == ["NEAR"]
    assert panel.excluded[0].event.asset == "FET"
    assert "of 120 estimation days" in panel.excluded[0].reason


def test_a_missing_close_in_the_window_is_never_filled() -> None:
    closes = made_up()
    usd = closes.usd.copy()
    usd[day_zero(closes.days, "2024-06-19"), 0] = np.nan
    holed = Closes(closes.names, closes.days, usd, closes.calendar)
    panel = event_panel(holed, [Event("a", "FET", "2024-06-19"), Event("b", "NEAR", "2024-06-19")], Design())
    assert panel.excluded[0].reason == "a return of its window is missing"


def test_an_unknown_symbol_names_those_that_are_there() -> None:
    with pytest.raises(InputError, match="the table holds FET, NEAR, BTC"):
        event_panel(made_up(), [Event("a", "FTE", "2024-06-19")], Design())


def test_overlapping_windows_are_refused() -> None:
    with pytest.raises(InputError, match="ends before the event window starts"):
        Design(days_before=2, first=-3)


def test_a_merger_vote_inside_the_window_contaminates_it() -> None:
    events = [Event("a", "FET", "2024-06-19", group="ASI"), Event("b", "NEAR", "2024-06-19")]
    known = [KnownEvent("ASI", "2024-06-14", "exchange notice of the merger"), KnownEvent("ASI", "2024-03-01", "vote")]
    found = contaminations(events, known, Design())
    assert found == ["FET: exchange notice of the merger (2024-06-14, day -5 of a)"]


def test_the_legs_of_a_merger_become_one_row() -> None:
    closes = made_up(("FET", "AGIX", "NEAR", "BTC"))
    events = [
        Event("1", "FET", "2024-06-19", group="ASI"),
        Event("2", "AGIX", "2024-06-19", group="ASI"),
        Event("3", "NEAR", "2024-06-19"),
    ]
    legs = event_panel(closes, events, Design())
    merged = merge_legs(legs)
    assert merged.panel.n_events == 2
    assert merged.panel.window[0] == pytest.approx(legs.panel.window[:2].mean(axis=0))
    # The average of two regressions is the regression of the average.
    returns = np.diff(np.log(closes.usd), axis=0)
    both = np.column_stack([returns[:, :2].mean(axis=1), returns[:, 3]])
    row = day_zero(closes.days, "2024-06-19") - 1
    rows = slice(row - 129, row - 9)
    slope, cut = np.polyfit(both[rows, 1], both[rows, 0], 1)
    assert merged.panel.window[0, 0] == pytest.approx(both[row, 0] - cut - slope * both[row, 1])


def test_a_study_has_every_test_and_finds_a_planted_effect() -> None:
    closes = made_up((*(f"C{i}" for i in range(20)), "BTC"))
    usd = closes.usd.copy()
    usd[day_zero(closes.days, "2024-06-19") :, :20] *= 1.15
    planted = Closes(closes.names, closes.days, usd, closes.calendar)
    events = [Event(f"e{i}", f"C{i}", "2024-06-19") for i in range(20)]
    result = study(event_panel(planted, events, Design()), 0, 0, np.random.default_rng(1))
    assert len(result.statistics) == 14
    for name in ("Patell", "BMP", "Kolari-Pynnonen", "Corrado rank", "modified rank", "generalised sign"):
        assert result.of(name).p_value < 0.01, name
    assert result.of("BMP").estimate == pytest.approx(np.log(1.15), abs=0.03)
    assert result.by_day.p_value == 1.0  # twenty coins of one day are one cluster
    assert result.by_group.p_value < 0.01


def test_prices_that_stand_still_are_refused() -> None:
    closes = made_up()
    usd = closes.usd.copy()
    usd[:, 0] = 1.0
    still = Closes(closes.names, closes.days, usd, closes.calendar)
    with pytest.raises(InputError, match="never leave their model"):
        event_panel(still, [Event("a", "FET", "2024-06-19")], Design())


def test_an_asset_that_is_its_own_factor_is_refused() -> None:
    with pytest.raises(InputError, match="never leave their model"):
        event_panel(made_up(), [Event("a", "BTC", "2024-06-19")], Design())


def test_copies_of_one_event_give_no_statistic_of_spread() -> None:
    events = [Event("a", "FET", "2024-06-19"), Event("b", "FET", "2024-06-19")]
    result = study(event_panel(made_up(), events, Design()), 0, 1, np.random.default_rng(0))
    assert result.of("BMP").p_value == 1.0
    assert result.of("cross-sectional t").p_value == 1.0
    assert result.by_group.p_value == 1.0


def test_collinear_factors_are_refused() -> None:
    with pytest.raises(InputError, match="constant or collinear"):
        event_panel(made_up(), [Event("a", "FET", "2024-06-19")], Design(factors=("BTC", "BTC")))


def test_the_two_factor_model_is_the_regression_on_both() -> None:
    closes = made_up()
    panel = event_panel(closes, [Event("a", "FET", "2024-06-19")], Design(factors=("BTC", "NEAR"), last=0)).panel
    returns = np.diff(np.log(closes.usd), axis=0)
    row = day_zero(closes.days, "2024-06-19") - 1
    x = np.column_stack([np.ones(len(returns)), returns[:, 2], returns[:, 1]])
    fit = np.linalg.lstsq(x[row - 129 : row - 9], returns[row - 129 : row - 9, 0], rcond=None)[0]
    assert panel.window[0, 0] == pytest.approx(returns[row, 0] - x[row] @ fit)


def test_the_adjusted_model_subtracts_the_factor_and_fits_nothing() -> None:
    closes = made_up()
    panel = event_panel(closes, [Event("a", "FET", "2024-06-19")], Design(model=Model.ADJUSTED, last=0)).panel
    returns = np.diff(np.log(closes.usd), axis=0)
    row = day_zero(closes.days, "2024-06-19") - 1
    assert panel.window[0, 0] == pytest.approx(returns[row, 0] - returns[row, 2])
    assert (panel.leverage == 0).all()
