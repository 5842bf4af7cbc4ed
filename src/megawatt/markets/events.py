"""Events, the design declared before looking, and the returns that a test needs around them.

Day 0 is the first day on or after the announcement on which the asset's own market closes: Dell's post of Wednesday 19 June 2024
has day 0 on 19 June for a coin and on 20 June for a share, because the exchanges rested on Juneteenth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.normal import TEXTBOOK, Model, Panel, Quirk, fit_panel
from megawatt.markets.prices import Closes, Days

LONGEST_REST_DAYS = 5
"""No exchange rests longer between two sessions; an event further from the next close is not covered by the prices."""


@dataclass(frozen=True, slots=True)
class Event:
    """One announcement for one asset. The same asset in two events counts two.

    Attributes:
        name: Identity of the event; unique.
        asset: Symbol.
        announced: Day of the announcement, ISO 8601, UTC.
        group: Assets that are legs of one merger, or otherwise one observation, share a group; by default the asset itself.
    """

    name: str
    asset: str
    announced: str
    group: str = ""

    @property
    def cluster(self) -> str:
        """The group, or the asset where there is none."""
        return self.group or self.asset


@dataclass(frozen=True, slots=True)
class Design:
    """What is declared before looking.

    Attributes:
        estimation_days: Rows of the estimation window.
        days_before: The estimation window ends this many rows before day 0.
        first: First day of the event window relative to day 0.
        last: Last day of it.
        model: Model of the normal return.
        factors: Symbols whose returns are the factors, for example ``("BTC",)`` or ``("BTC", "NVDA")``.
        least_share: Share of estimation days on which an asset must have a return to enter.
        quirks: Deviations from the textbook.
    """

    estimation_days: int = 120
    days_before: int = 10
    first: int = 0
    last: int = 1
    model: Model = Model.FACTORS
    factors: tuple[str, ...] = ("BTC",)
    least_share: float = 0.9
    quirks: frozenset[Quirk] = TEXTBOOK

    def __post_init__(self) -> None:
        if self.first > self.last or self.days_before < 1 or self.days_before + self.first <= 0:
            raise InputError(
                f"a window from {self.first} to {self.last} and an estimation window that ends {self.days_before} days before",
                "the estimation window ends before the event window starts",
                "Raise days_before, or start the event window later.",
            )


@dataclass(frozen=True, slots=True)
class Excluded:
    """An event that could not enter, and why: never dropped in silence."""

    event: Event
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class EventPanel:
    """Abnormal returns of the events that could enter.

    Attributes:
        panel: Abnormal returns, a row an event.
        events: The events of the rows.
        days: Day 0 of each, ``datetime64[D]``, shape (N,).
        excluded: The others.
    """

    panel: Panel
    events: tuple[Event, ...]
    days: Days
    excluded: tuple[Excluded, ...]


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """Something else that happened: a row of the table against which windows are checked.

    Attributes:
        cluster: Asset or group it concerns, or ``"*"`` for all.
        day: Day, ISO 8601.
        what: What happened, with its source.
    """

    cluster: str
    day: str
    what: str


def day_zero(days: Days, announced: str) -> int:
    """Row of the first close on or after the day of the announcement.

    Raises:
        InputError: The prices do not cover it.
    """
    day = np.datetime64(announced, "D")
    row = int(np.searchsorted(days, day))
    if row == len(days) or day < days[0] or (days[row] - day).astype(int) > LONGEST_REST_DAYS:
        raise InputError(
            f"an event was announced on {day}",
            f"the prices run from {days[0]} to {days[-1]}",
            "Add the prices around it, or leave the event out.",
        )
    return row


def event_panel(closes: Closes, events: Sequence[Event], design: Design) -> EventPanel:
    """Fit the declared design to every event.

    Args:
        closes: Closes of assets and factors on one calendar.
        events: Events; names are unique.
        design: What was declared.

    Raises:
        InputError: Two events share a name, a symbol is unknown, or no event can enter.
    """
    names = [event.name for event in events]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two events are named {twice!r}", "a name stands for one event", "Number them.")
    returns = closes.log_returns()
    columns = {name: i for i, name in enumerate(closes.names)}
    for symbol in (*design.factors, *(event.asset for event in events)):
        closes.names.index(symbol) if symbol in columns else closes.column(symbol)
    factors = returns[:, [columns[name] for name in design.factors]]
    kept, rows, excluded = [], [], []
    for event in events:
        row = day_zero(closes.days, event.announced)
        reason = _why_not(returns[:, columns[event.asset]], factors, row, design)
        if reason:
            excluded.append(Excluded(event, reason))
        else:
            kept.append(event)
            rows.append(row)
    if not kept:
        raise InputError(
            f"none of {len(events)} events can enter: {excluded[0].reason if excluded else 'none was given'}",
            "an event needs returns in both windows",
            "Add prices or declare another window.",
        )
    assets = np.array([columns[event.asset] for event in kept])
    panel = _fit(returns, factors, assets, np.array(rows), design)
    return EventPanel(panel, tuple(kept), closes.days[np.array(rows)], tuple(excluded))


def contaminations(events: Sequence[Event], known: Sequence[KnownEvent], design: Design) -> list[str]:
    """What else fell into the windows of the events, in words; an empty list means none that is known.

    Calendar days count: a known event matters from ``days_before`` days before the announcement, where the estimation
    window ends, to the window's last day and the weekend that may lie in it.
    """
    found = []
    for event in events:
        day = np.datetime64(event.announced, "D")
        for other in known:
            apart = int((np.datetime64(other.day, "D") - day).astype(int))
            if (
                other.cluster in {"*", event.asset, event.cluster}
                and -design.days_before <= apart <= max(design.last, 0) + LONGEST_REST_DAYS
            ):
                found.append(f"{event.asset}: {other.what} ({other.day}, day {apart:+d} of {event.name})")
    return found


def _why_not(returns: Floats, factors: Floats, row: int, design: Design) -> str:
    """The reason why an event cannot enter, or nothing."""
    end = row - design.days_before + 1
    start = end - design.estimation_days
    if start < 1 or row + design.last >= len(returns):
        return "the prices do not cover its windows"
    usable = np.isfinite(returns[start:end]) & np.isfinite(factors[start:end]).all(axis=1)
    if np.mean(usable) < design.least_share:
        return f"{int(usable.sum())} of {design.estimation_days} estimation days have returns"
    window = slice(row + design.first, row + design.last + 1)
    if not (np.isfinite(returns[window]).all() and np.isfinite(factors[window]).all()):
        return "a return of its window is missing"
    return ""


def _fit(
    returns: Floats,
    factors: Floats,
    assets: "np.typing.NDArray[np.int64]",
    rows: "np.typing.NDArray[np.int64]",
    d: Design,
) -> Panel:
    estimation = rows[:, None] - d.days_before - np.arange(d.estimation_days)[::-1]
    window = rows[:, None] + np.arange(d.first, d.last + 1)
    return fit_panel(
        returns[estimation, assets[:, None]],
        returns[window, assets[:, None]],
        factors[estimation],
        factors[window],
        first_day=d.first,
        model=d.model,
        quirks=d.quirks,
    )
