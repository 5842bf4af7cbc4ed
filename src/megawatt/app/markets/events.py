"""An event study from files: a question with defaults, and its answer."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from megawatt.app.markets.files import MarketFiles
from megawatt.app.markets.wording import checked_day
from megawatt.core.errors import InputError
from megawatt.markets.claim_tests import SEED
from megawatt.markets.event_report import EventReport, default_question, event_report


def run_events(
    files: MarketFiles,
    announced: str,
    *,
    assets: Sequence[str] | None = None,
    factors: Sequence[str] | None = None,
    shares: bool = False,
    first: int = 0,
    last: int = 1,
    rows: Sequence[int] | None = None,
    direction: str = "positive",
) -> EventReport:
    """Answer whether the news of a day moved some assets.

    Args:
        files: Prices.
        announced: Day of the news, ISO 8601, UTC.
        assets: Symbols; default all AI coins, or NVDA, DELL and SMCI.
        factors: Factors of the normal return; default BTC, or QQQ for shares.
        shares: Whether the assets are shares.
        first: First day of the window relative to day 0.
        last: Last day.
        rows: Estimation windows, the main one first; default 120, 43 and 250 days.
        direction: ``positive`` or ``negative``.

    Raises:
        InputError: A symbol or day is unknown, or no asset can enter.
    """
    question = default_question(files.data, checked_day(announced), shares=shares)
    question = replace(question, first=first, last=last, direction=direction)
    if assets:
        question = replace(question, assets=_once(assets, "asset"))
    if factors:
        question = replace(question, factors=_once(factors, "factor"))
    if rows:
        if len(set(rows)) < len(rows) or min(rows) < 20:
            raise InputError(
                f"estimation windows of {', '.join(map(str, rows))} days",
                "they differ, with 20 days or more each",
                "Name others.",
            )
        question = replace(question, rows=tuple(rows))
    return event_report(files.data, question, np.random.default_rng(SEED))


def _once(names: Sequence[str], what: str) -> tuple[str, ...]:
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise InputError(f"the {what} {twice} twice", "each is named once", f"Name every {what} once.")
    return tuple(names)
