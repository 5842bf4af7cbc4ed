import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.markets.claim_data import MarketData
from megawatt.markets.claims import Verdict
from megawatt.markets.event_report import Question, default_question, event_report
from megawatt.markets.events import Design, Event, event_panel
from megawatt.markets.prices import Calendar, Closes

DAY = "2024-06-19"
PLANTED = 0.4


def market(days: int = 320, after: int = 20, seed: int = 3) -> MarketData:
    """Coins of beta one with sd 2 %; FET, NEAR and TAO rise by 40 % on the day, and the prices end ``after`` days later."""
    rng = np.random.default_rng(seed)
    every = np.datetime64(DAY, "D") - (days - after - 1) + np.arange(days)
    bitcoin = 0.02 * rng.standard_normal(days)
    coins = {"BTC": bitcoin}
    for name in ("FET", "NEAR", "TAO", "ETH", "SOL", "BNB"):
        coins[name] = bitcoin + 0.02 * rng.standard_normal(days)
        if name in {"FET", "NEAR", "TAO"}:
            coins[name][every == np.datetime64(DAY)] += PLANTED
    sessions = every[np.is_busday(every) & (every != np.datetime64(DAY))]
    shares = {name: 0.01 * rng.standard_normal(sessions.size) for name in ("NVDA", "QQQ")}

    def closes(
        returns: dict[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"], on: object, calendar: Calendar
    ) -> Closes:
        usd = np.exp(np.cumsum(np.column_stack(list(returns.values())), axis=0))
        return Closes(tuple(returns), np.asarray(on, dtype="datetime64[D]"), usd, calendar)

    return MarketData(closes(coins, every, Calendar.EVERY_DAY), closes(shares, sessions, Calendar.SESSIONS), ())


QUESTION = Question(DAY, ("FET", "NEAR", "TAO"), ("BTC",), last=0, rows=(120, 60))


def test_a_planted_jump_is_supported_and_both_counterfactuals_find_its_size() -> None:
    report = event_report(market(), QUESTION, np.random.default_rng(1))
    assert report.judgement.verdict is Verdict.SUPPORTED
    assert report.day_zero == DAY
    assert [one.abnormal for one in report.assets] == pytest.approx([PLANTED] * 3, abs=0.08)
    series, copy = report.what_if
    assert series.low < np.expm1(PLANTED) < series.high
    assert series.effect == pytest.approx(np.expm1(PLANTED), abs=0.15)
    assert copy.effect == pytest.approx(np.expm1(PLANTED), abs=0.25)


def test_the_path_is_the_running_sum_of_the_mean_abnormal_return() -> None:
    data = market()
    path = event_report(data, QUESTION, np.random.default_rng(1)).path
    panel = event_panel(data.coins, [Event(a, a, DAY) for a in QUESTION.assets], Design(first=-9, last=10)).panel
    assert path.days == tuple(range(-9, 11))
    np.testing.assert_allclose(np.diff(path.mean), panel.window.mean(axis=0)[1:], rtol=1e-12)
    assert (np.diff(path.band) > 0).all()


def test_the_path_ends_where_the_prices_end() -> None:
    report = event_report(market(after=4), QUESTION, np.random.default_rng(1))
    assert report.path.days[-1] == 4


def test_an_asset_without_enough_days_is_left_out_by_name() -> None:
    data = market()
    usd = data.coins.usd.copy()
    usd[:250, data.coins.names.index("TAO")] = np.nan
    coins = Closes(data.coins.names, data.coins.days, usd, Calendar.EVERY_DAY)
    report = event_report(MarketData(coins, data.shares, ()), QUESTION, np.random.default_rng(1))
    assert [one.asset for one in report.assets] != []
    assert report.left_out[0].startswith("TAO: ")


def test_the_default_is_all_ai_coins_against_bitcoin_or_nvidia_against_the_nasdaq() -> None:
    data = market()
    assert default_question(data, DAY) == Question(DAY, ("FET", "TAO", "NEAR"), ("BTC",))
    assert default_question(data, DAY, shares=True) == Question(DAY, ("NVDA",), ("QQQ",), shares=True)
    with pytest.raises(InputError, match="the prices run from"):
        default_question(data, "2030-01-01")
