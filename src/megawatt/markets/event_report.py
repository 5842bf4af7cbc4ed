"""One announcement and the assets it may have moved: a question of one's own, judged by the rule of the claims.

Beside the verdict stand every test, each asset, the path around the day, and two counterfactuals (a structural time series and
a synthetic control), which ask another question than the tests: not 'is this rare?' but 'how much, against what would have been?'.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.claim_data import OTHER_COINS, MarketData
from megawatt.markets.claim_events import event_mean
from megawatt.markets.claims import Claim, Hypothesis, Judgement, Registry, judge
from megawatt.markets.counterfactual import counterfactual
from megawatt.markets.events import Design, Event, EventPanel, day_zero, event_panel
from megawatt.markets.parametric import mean_correlation
from megawatt.markets.prices import Closes
from megawatt.markets.rotation_report import GROUPS
from megawatt.markets.study import Study, study
from megawatt.markets.synthetic_control import synthetic_control

PATH_BEFORE = 9
"""Days of the path before day 0: the estimation window ends ten days before."""
PATH_AFTER = 10
BAND = 1.959963985
"""Normal quantile of a 95 % band."""
SHARE_CONTROLS = ("QQQ", "SPY", "MSTR", "COIN")
DRAWS = 1_000
"""Kept draws of the counterfactual's sampler."""
LEGS = {"FET": "ASI", "AGIX": "ASI", "OCEAN": "ASI"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, stated before looking.

    Attributes:
        announced: Day of the announcement, ISO 8601, UTC.
        assets: Symbols.
        factors: Factors of the normal return.
        shares: Whether the assets are shares; coins otherwise. A factor of the other market puts both on their common days.
        first: First day of the window relative to day 0.
        last: Last day.
        rows: Estimation windows, the main one first.
        direction: ``"positive"`` or ``"negative"``.
    """

    announced: str
    assets: tuple[str, ...]
    factors: tuple[str, ...]
    shares: bool = False
    first: int = 0
    last: int = 1
    rows: tuple[int, ...] = (120, 43, 250)
    direction: str = "positive"


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One asset in the window.

    Attributes:
        asset: Symbol.
        change: Return over the window [fraction].
        abnormal: Cumulative abnormal return [log return].
        score: The same over its forecast sd.
    """

    asset: str
    change: float
    abnormal: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class EventPath:
    """Mean cumulative abnormal return around day 0.

    Attributes:
        days: Days relative to day 0, shape (k,).
        mean: Mean over the assets, summed from the first day on [log return], shape (k,).
        band: Half width of what 95 % of such paths keep to without an event, shape (k,).
    """

    days: tuple[int, ...]
    mean: Floats
    band: Floats


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The mean of the assets against what would have been, over the window.

    Attributes:
        method: How it was made.
        effect: Mean of actual over counterfactual, less one [fraction].
        low: 2.5 % quantile; NaN for a method without an interval.
        high: 97.5 % quantile.
        p_value: Posterior probability of the other sign, or the share of placebo assets as far off.
        controls: What it was made from.
    """

    method: str
    effect: float
    low: float
    high: float
    p_value: float
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventReport:
    """The answer.

    Attributes:
        question: What was asked.
        day_zero: First close on or after the announcement.
        judgement: Estimates, p-values, placebo and verdict by the rule of the claims.
        tests: Every test of the main window.
        correlation: Mean correlation between the assets' residuals.
        assets: One row an asset.
        path: The path around the day.
        what_if: The counterfactuals; empty where there are no controls.
        left_out: Assets that could not enter, and why.
    """

    question: Question
    day_zero: str
    judgement: Judgement
    tests: Study
    correlation: float
    assets: tuple[AssetRow, ...]
    path: EventPath
    what_if: tuple[WhatIf, ...]
    left_out: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Every test of the main window, one a row."""
        return pd.DataFrame([asdict(one) for one in self.tests.statistics]).set_index("test")


def event_report(data: MarketData, question: Question, rng: np.random.Generator) -> EventReport:
    """Answer a question.

    Raises:
        InputError: No asset can enter, a symbol is unknown, or the prices do not cover the announcement.
    """
    closes = _market(data, question)
    design = Design(
        estimation_days=question.rows[0], first=question.first, last=question.last, factors=question.factors
    )
    events = [Event(asset, asset, question.announced, LEGS.get(asset, "")) for asset in question.assets]
    found = event_panel(closes, events, design)
    return EventReport(
        question,
        str(found.days[0]),
        _judgement(MarketData(closes, closes, data.known), question, rng),
        study(found, question.first, question.last, rng),
        mean_correlation(found.panel.estimation),
        _assets(closes, found, design),
        _path(closes, found, design),
        _what_if(closes, found, design, rng),
        tuple(f"{one.event.asset}: {one.reason}" for one in found.excluded),
    )


def _market(data: MarketData, question: Question) -> Closes:
    """The calendar that holds assets and factors: their own market, or the common days where a factor is of the other one."""
    own = data.shares if question.shares else data.coins
    return own if set(question.factors) <= set(own.names) else data.common()


def _judgement(data: MarketData, q: Question, rng: np.random.Generator) -> Judgement:
    parameters = {
        "announced": q.announced,
        "assets": list(q.assets),
        "groups": LEGS,
        "factors": list(q.factors),
        "first": q.first,
        "last": q.last,
        "rows": list(q.rows),
        "direction": q.direction,
        "seek_confounders": True,
    }
    sign = "above" if q.direction == "positive" else "below"
    said = f"The mean abnormal return of {', '.join(q.assets)} from day {q.first} to {q.last} was {sign} zero."
    one = Hypothesis(
        "question", said, "markets.event_mean", "", "p > 5 % (one-sided) in one of the windows", parameters
    )
    registry = Registry(q.announced, (Claim("question", said, "", "", "", q.announced, (one,)),), {})
    return judge(registry, {"question": event_mean(data, parameters, rng)})["question"]


def _assets(closes: Closes, found: EventPanel, design: Design) -> tuple[AssetRow, ...]:
    car = found.panel.cumulative(design.first, design.last)
    scar = found.panel.standardised(design.first, design.last)
    out = []
    for event, day, abnormal, score in zip(found.events, found.days, car.tolist(), scar.tolist(), strict=True):
        row = int(np.searchsorted(closes.days, day))
        price = closes.column(event.asset)
        change = float(price[row + design.last] / price[row + design.first - 1] - 1)
        out.append(AssetRow(event.asset, change, abnormal, score))
    return tuple(sorted(out, key=lambda one: -one.abnormal))


def _path(closes: Closes, found: EventPanel, design: Design) -> EventPath:
    """From nine days before day 0 to ten after it, as far as the prices go and every asset has closes."""
    row = int(np.searchsorted(closes.days, found.days[0]))
    columns = [closes.names.index(name) for name in (*(e.asset for e in found.events), *design.factors)]
    whole = np.isfinite(closes.usd[row + design.last + 1 : row + PATH_AFTER + 1, columns]).all(axis=1)
    after = design.last + int(np.cumprod(whole).sum())
    first = min(design.first, -PATH_BEFORE)
    wide = Design(
        estimation_days=design.estimation_days,
        days_before=max(design.days_before, 1 - first),
        first=first,
        last=after,
        factors=design.factors,
    )
    panel = event_panel(closes, found.events, wide).panel
    daily = np.nanmean(panel.estimation, axis=0)
    daily = daily[np.isfinite(daily)]
    sd = float(np.sqrt(np.sum(daily**2) / (daily.size - panel.parameters)))
    lengths = np.arange(1, after - first + 2)
    leverage = np.array([float(np.mean(panel.leverage[:, :n, :n].sum(axis=(1, 2)))) for n in lengths])
    mean = np.cumsum(panel.window.mean(axis=0))
    return EventPath(tuple(range(first, after + 1)), mean, BAND * sd * np.sqrt(lengths + leverage))


def _what_if(closes: Closes, found: EventPanel, design: Design, rng: np.random.Generator) -> tuple[WhatIf, ...]:
    row = int(np.searchsorted(closes.days, found.days[0]))
    rows = slice(row + design.first - design.estimation_days, row + design.last + 1)
    names = _controls(closes, [event.asset for event in found.events], rows)
    if len(names) < 2:
        return ()
    start = design.estimation_days
    assets = closes.select([event.asset for event in found.events]).usd[rows]
    whole = np.isfinite(assets).all(axis=0)
    if not whole.any():
        return ()
    y = _level(assets[:, whole]).mean(axis=1)
    controls = _level(closes.select(names).usd[rows])
    actual = float(y[start:].mean())
    series = counterfactual(y, controls, start, rng, draws=DRAWS)
    low, high = (actual / (actual - end / (y.size - start)) - 1 for end in series.cumulative_interval)
    copy = synthetic_control(y, controls, start)
    donors = tuple(f"{name} {weight:.0%}" for name, weight in zip(names, copy.weights, strict=True) if weight >= 0.005)
    return (
        WhatIf(
            "structural time series, spike and slab",
            actual / float(series.expected.mean()) - 1,
            low,
            high,
            series.tail,
            tuple(f"{name} {p:.0%}" for name, p in zip(names, series.inclusion, strict=True) if p >= 0.2),
        ),
        WhatIf(
            "synthetic control",
            actual / (actual - float(copy.gap[start:].mean())) - 1,
            float("nan"),
            float("nan"),
            copy.p_value,
            donors,
        ),
    )


def _controls(closes: Closes, assets: Sequence[str], rows: slice) -> list[str]:
    """Series that the event should not have touched, with a close on every row."""
    candidates = ["BTC", *OTHER_COINS, *SHARE_CONTROLS]
    have = [name for name in candidates if name in closes.names and name not in assets]
    return [name for name in have if np.isfinite(closes.column(name)[rows]).all()]


def _level(usd: Floats) -> Floats:
    """Each column over its first row."""
    return np.asarray(usd / usd[0])


def default_question(data: MarketData, announced: str, *, shares: bool = False) -> Question:
    """All AI coins against Bitcoin, or NVDA, DELL and SMCI against the Nasdaq 100.

    Raises:
        InputError: None of them has prices, or the day is not covered.
    """
    closes = data.shares if shares else data.coins
    assets = tuple(name for name in GROUPS["AI shares" if shares else "AI coins"] if name in closes.names)
    if not assets:
        raise InputError("no AI coin or share among the prices", "a question names assets", "Name them with --asset.")
    day_zero(closes.days, announced)
    return Question(announced, assets, ("QQQ",) if shares else ("BTC",), shares)
