"""An index by the divisor method: level = sum of index units x price / divisor.

Only prices move the level. Whatever else changes the basket (supply, entry, exit, rebalancing) changes the divisor by the same
factor as the basket's value at the same prices, so the level stays. Three things are returns and do move it: a delisting
return; a merger in which ``ratio`` units of the survivor are worth more or less than one unit of the leg; and prices.

A rebalancing is decided from what was known ``lag_days`` rows before it takes effect: members by market value with a buffer (a
member stays while its rank is within members + buffer, an outsider enters when within members - buffer), weights by the rule.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.prices import Closes, Days
from megawatt.markets.universe import SURVIVORSHIP, Kind, Record, Universe
from megawatt.markets.weights import Weighting, weights


class Rebalancing(StrEnum):
    """How often the basket is renewed: on the first row of each period."""

    MONTHLY = "M"
    QUARTERLY = "Q"
    YEARLY = "Y"


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules of an index.

    Attributes:
        weighting: How members are weighted.
        rebalancing: How often.
        lag_days: Rows between decision and effect: what is announced can be held.
        members: Number of members; None for all.
        buffer: Ranks of grace at the border.
        largest: Largest weight of the capped rule at a rebalancing.
        base: Level of the first day.
    """

    weighting: Weighting = Weighting.CAP
    rebalancing: Rebalancing = Rebalancing.MONTHLY
    lag_days: int = 5
    members: int | None = None
    buffer: int = 0
    largest: float = 1.0
    base: float = 1_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Levels of an index.

    Attributes:
        days: Days, shape (t,).
        level: Level, shape (t,).
        divisor: Divisor in force at the close of each day, shape (t,).
        baskets: Day of effect and weights at it, one a rebalancing.
        notes: What a reader must know: revisions, halts, survivorship.
    """

    days: Days
    level: Floats
    divisor: Floats
    baskets: tuple[tuple[np.datetime64, dict[str, float]], ...]
    notes: tuple[str, ...]


def run_index(closes: Closes, universe: Universe, rules: Rules) -> Index:
    """Compute an index over the days of ``closes``.

    Raises:
        InputError: An equal-weighted index lacks a delisting return; a member has no price on a day without a halt; or a
            market value is needed and the supply is not stated.
    """
    _check_delistings(closes, universe, rules)
    basket = _Basket(closes, rules)
    levels, divisors = np.empty(closes.days.size), np.empty(closes.days.size)
    waiting = list(universe.records)
    starts = _period_starts(closes.days, rules.rebalancing)
    for t, day in enumerate(closes.days):
        due: list[Record] = []
        while waiting and waiting[0].effective <= day:
            due.append(waiting.pop(0))
        for record in due:
            basket.before_close(record)
        basket.price(t)
        for record in due:
            basket.at_close(record, t)
        if t == 0:
            basket.start(basket.decide(), rules.base)
        levels[t] = basket.value() / basket.divisor
        effect = t + rules.lag_days
        if rules.lag_days == 0 and starts[t] and t:
            basket.announced = basket.decide()
        if basket.announced is not None and starts[t]:
            basket.adopt(basket.announced, t)
        if rules.lag_days and effect < starts.size and starts[effect]:
            basket.announced = basket.decide()
        divisors[t] = basket.divisor
    notes = [*basket.notes, *universe.supply_jumps()]
    if not any(r.kind is Kind.DELIST for r in universe.records):
        notes.append("No asset ever left this universe. " + SURVIVORSHIP)
    return Index(closes.days, levels, divisors, tuple(basket.baskets), tuple(notes))


class _Basket:
    """The basket while the days go by: units outstanding, index units and last prices, a column an asset."""

    def __init__(self, closes: Closes, rules: Rules) -> None:
        n = len(closes.names)
        self.closes, self.rules = closes, rules
        self.column = {name: i for i, name in enumerate(closes.names)}
        self.listed, self.halted = np.zeros(n, bool), np.zeros(n, bool)
        self.supply = np.full(n, np.nan)
        self.units, self.last = np.zeros(n), np.full(n, np.nan)
        self.announced: Floats | None = None
        self.divisor = 1.0
        self.baskets: list[tuple[np.datetime64, dict[str, float]]] = []
        self.notes: list[str] = []

    def value(self) -> float:
        held = self.units > 0
        return float(self.units[held] @ self.last[held])

    def before_close(self, record: Record) -> None:
        """What the day's prices presuppose: names, conversions, halts, and that a delisted asset has no price any more."""
        i = self._of(record.asset)
        if record.kind is Kind.LIST:
            self.listed[i] = True
            self.supply[i] = np.nan if record.value is None else record.value
        elif record.kind in {Kind.HALT, Kind.RESUME}:
            self.halted[i] = record.kind is Kind.HALT
            self.notes.append(
                f"{record.asset}: {record.kind} from {record.valid_from}; its last close stands meanwhile"
            )
        elif record.kind in {Kind.MERGE, Kind.RENAME}:
            self._convert(i, self._of(record.into), record)
        elif record.kind is Kind.DELIST:
            self.halted[i] = True

    def at_close(self, record: Record, t: int) -> None:
        """What happens at the day's prices: a revision that becomes known today weighs from tomorrow on."""
        if record.kind is Kind.SUPPLY:
            self._restate(self._of(record.asset), float(record.value or np.nan))
        elif record.kind is Kind.DELIST:
            self._delist(record, t)

    def price(self, t: int) -> None:
        """Take the day's closes; a member without one must be halted."""
        today = np.asarray(self.closes.usd[t])
        have = np.isfinite(today)
        silent = (self.units > 0) & ~have & ~self.halted
        if silent.any():
            name = self.closes.names[int(np.argmax(silent))]
            raise InputError(
                f"{name} has no close on {self.closes.days[t]}",
                "a member has a price, is halted, or has left",
                "Add the price, or a halt, delist, merge or rename record.",
            )
        self.last = np.where(have, today, self.last)

    def decide(self) -> Floats:
        """Index units of the new basket, from what is known now."""
        able = np.flatnonzero(self.listed & ~self.halted & np.isfinite(self.last))
        if not able.size:
            raise InputError("no asset is listed with a price", "an index has members", "Start where there are some.")
        cap = self.supply[able] * self.last[able]
        needs_cap = self.rules.weighting is not Weighting.EQUAL or self.rules.members is not None
        if needs_cap and np.isnan(cap).any():
            name = self.closes.names[int(able[np.argmax(np.isnan(cap))])]
            raise InputError(f"{name} has no supply", "its market value is needed", "State it in its list record.")
        if self.rules.members is not None:
            chosen = _buffered(cap, self.units[able] > 0, self.rules.members, self.rules.buffer)
            able, cap = able[chosen], cap[chosen]
        share = weights(np.where(needs_cap, cap, 1.0), self.rules.weighting, largest=self.rules.largest)
        units = np.zeros(self.units.size)
        units[able] = share / self.last[able]
        # A value-weighted basket holds the units outstanding themselves, so that a revision can restate them.
        if self.rules.weighting is Weighting.CAP:
            units[able] = self.supply[able]
        return units

    def start(self, units: Floats, base: float) -> None:
        self.units = units
        self.divisor = self.value() / base
        self._note_basket(0)

    def adopt(self, units: Floats, t: int) -> None:
        """Take over a basket that was decided before; assets that have left since drop out."""
        before = self.value()
        fresh = np.where(self.listed, units, 0.0)
        if self.rules.weighting is Weighting.CAP:
            fresh = np.where(fresh > 0, self.supply, 0.0)  # a revision since the announcement counts
        if not fresh.any():
            raise InputError(
                "every asset of the announced basket has left", "an index has members", "Shorten lag_days."
            )
        self.units, self.announced = fresh, None
        self.divisor *= self.value() / before
        self._note_basket(t)

    def _delist(self, record: Record, t: int) -> None:
        """Realise the return of the delisting; what is left is spread over the others by the divisor."""
        i = self._of(record.asset)
        if self.units[i] > 0:
            if record.value is None:
                self.notes.append(
                    f"{record.asset}: left on {record.valid_from} without a delisting return. {SURVIVORSHIP}"
                )
            worth = self.units[i] * self.last[i] * (1 + (record.value or 0.0))
            rest = self.value() - self.units[i] * self.last[i]
            if rest <= 0:
                raise InputError(
                    f"the last member left on {self.closes.days[t]}", "an index has members", "End it before."
                )
            # (rest + worth) / D = rest / D': the proceeds go to the others at the prices of the day.
            self.divisor *= rest / (rest + worth)
            self.units[i] = 0.0
        self.listed[i] = False

    def _restate(self, i: int, supply: float) -> None:
        if self.units[i] > 0 and self.rules.weighting is Weighting.CAP:
            before = self.value()
            self.units[i] = supply
            self.divisor *= self.value() / before
        self.supply[i] = supply

    def _convert(self, i: int, j: int, record: Record) -> None:
        """A holder of the leg holds ``ratio`` units of the survivor; no divisor, because an unfair ratio is a return."""
        ratio = 1.0 if record.kind is Kind.RENAME else float(record.value or np.nan)
        for held in (self.units, self.announced):
            if held is not None:
                held[j] += held[i] * ratio
                held[i] = 0.0
        if record.kind is Kind.RENAME:
            self.supply[j], self.last[j], self.listed[j] = self.supply[i], self.last[i], True
        else:
            self.supply[j] += self.supply[i] * ratio
        self.listed[i], self.supply[i] = False, np.nan

    def _of(self, asset: str) -> int:
        if asset not in self.column:
            self.closes.column(asset)
        return self.column[asset]

    def _note_basket(self, t: int) -> None:
        total = self.value()
        held = np.flatnonzero(self.units > 0)
        shares = dict(
            zip((self.closes.names[i] for i in held), (self.units * self.last / total)[held].tolist(), strict=True)
        )
        self.baskets.append((self.closes.days[t], shares))


def _buffered(cap: Floats, inside: NDArray[np.bool_], members: int, buffer: int) -> NDArray[np.int64]:
    """Numbers of the chosen: insiders ranked within members + buffer stay, the best others fill up."""
    order = np.argsort(-cap, kind="stable")
    place = np.empty(cap.size, dtype=np.int64)
    place[order] = np.arange(1, cap.size + 1)
    sure = place <= members - buffer
    stays = inside & (place <= members + buffer)
    rank = np.where(sure, 0, np.where(stays, 1, 2))
    chosen = np.lexsort((place, rank))[:members]
    return np.sort(chosen)


def _period_starts(days: Days, rebalancing: Rebalancing) -> NDArray[np.bool_]:
    months = days.astype("datetime64[M]").astype(np.int64)
    period = months // {"M": 1, "Q": 3, "Y": 12}[rebalancing.value]
    return np.concatenate([[False], np.diff(period) != 0])


def _check_delistings(closes: Closes, universe: Universe, rules: Rules) -> None:
    """An asset whose closes end must have an end in the universe; an equal-weighted index needs its return."""
    ends = {r.asset for r in universe.records if r.kind in {Kind.DELIST, Kind.MERGE, Kind.RENAME, Kind.HALT}}
    listed = {r.asset for r in universe.records if r.kind is Kind.LIST}
    open_ended = listed - ends
    for i, name in enumerate(closes.names):
        if name in open_ended and np.isnan(closes.usd[-1, i]):
            raise InputError(
                f"the closes of {name} end before {closes.days[-1]} and no record says why",
                "a missing delisting turns a loss into nothing",
                "Add its delist, merge, rename or halt record.",
            )
    without = universe.delistings_without_return()
    if rules.weighting is Weighting.EQUAL and without:
        raise InputError(
            f"no delisting return for {', '.join(without)}",
            "an equal-weighted index without delisting returns is refused: " + SURVIVORSHIP,
            "State the return (-1 for worthless), or weight by market value.",
        )
