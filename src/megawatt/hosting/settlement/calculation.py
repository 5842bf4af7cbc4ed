"""The arithmetic of the statement: docs/proof/settlement.md, section 4, with the contract's one formula."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.money import Currency, Money
from megawatt.hosting.contract import PowerTerms
from megawatt.hosting.metering.batch import Correction
from megawatt.hosting.metering.fields import LIMIT, MILLION
from megawatt.hosting.metering.price_batch import PriceBatch, price_of
from megawatt.hosting.metering.register import HOUR, Flags, Integers, Intervals, Kind, Readings
from megawatt.hosting.month import first_of_month, next_month
from megawatt.hosting.settlement.book import Book, Kept, Sent
from megawatt.hosting.settlement.service_event import ServiceEvent, Uptime, standing, uptime
from megawatt.hosting.settlement.statement import (
    CREDIT,
    ENERGY,
    GPU,
    RENT,
    STORAGE,
    TRUEUP,
    PeriodClose,
    Statement,
)
from megawatt.hosting.settlement.terms import CHECK, IT, Meter, Price, Terms, instant
from megawatt.hosting.spot import sold_usd

REACH_SECONDS = 7 * 86_400
"""How far beyond the month readings are looked for [s]."""
_ENERGY_SCALE = 10**18  # Wh x ppm x micro-USD/MWh in a USD
_GPU_SCALE = HOUR * MILLION  # GPU-seconds x micro-USD/GPU-hour in a USD
_BILLION = 10**9


def last_close(book: Book, contract: str | None = None, period: str | None = None) -> Kept[PeriodClose]:
    """The last request for a statement, of any contract and month or of those given.

    Raises:
        InputError: There is none.
    """
    for close in reversed(list(book.all_of(PeriodClose))):
        fits = contract in (None, close.body.contract) and period in (None, close.body.period)
        if fits and counts(book, close):
            return close
    raise InputError(
        "a log without a period.close", "a statement answers one that the host signed", "Run: megawatt settle make"
    )


def counts(book: Book, close: Kept[PeriodClose]) -> bool:
    """Whether the host of its contract signed it."""
    try:
        return book.parties(close.body.contract, close.index).host in close.signers
    except InputError:
        return False


def statement_of(book: Book, close: Kept[PeriodClose]) -> Statement:
    """The statement that a `period.close` asks for, from the entries before it.

    Raises:
        InputError: No terms hold for the month, or it does not fit their grid.
    """
    name, period, before = close.body.contract, close.body.period, close.index
    month = Month(book, book.terms_for(name, period, before), period, before)
    lines = month.lines | _true_ups(book, month)
    return Statement(name, period, close.id, month.kept_terms.id, lines, month.facts)


def _true_ups(book: Book, month: "Month") -> dict[str, int]:
    """What earlier months come to by now, less what was stated for them."""
    host = month.terms.host
    stated: dict[str, Statement] = {}
    for one in book.all_of(Statement, before=month.before):
        if one.body.contract == month.terms.name and host in one.signers:
            stated[one.body.period] = one.body
    lines = {}
    for period in sorted(one for one in stated if one < month.period):
        if _months(month.period) - _months(period) > month.terms.trueup_months:
            continue
        name = f"{TRUEUP}{period}"
        later = sum(one.lines.get(name, 0) for q, one in stated.items() if period < q < month.period)
        now = Month(book, book.terms_for(month.terms.name, period, month.before), period, month.before)
        difference = sum(now.lines.values()) - stated[period].own_cents - later
        if difference:
            lines[name] = difference
    return lines


def _months(period: str) -> int:
    day = first_of_month(period)
    return 12 * day.year + day.month


@dataclass(frozen=True)
class Month:
    """One month of one contract, computed from the entries before an index of the log.

    Attributes:
        book: The log.
        kept_terms: Terms that hold for the month.
        period: Local month.
        before: Index in the log at which the month is cut off.
    """

    book: Book
    kept_terms: Kept[Terms]
    period: str
    before: int

    def __post_init__(self) -> None:
        step = self.terms.interval_seconds
        if self.start % step or self.end % step:
            raise InputError(
                f"{self.period} in {self.terms.zone} begins or ends within an interval of {step} s",
                "a month is a whole number of intervals",
                "Agree on terms with a shorter interval_seconds.",
            )

    @property
    def terms(self) -> Terms:
        """Terms that hold for the month."""
        return self.kept_terms.body

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The whole month [s since 1970 UTC]."""
        first = first_of_month(self.period)
        return instant(first, self.terms.zone), instant(next_month(first), self.terms.zone)

    @cached_property
    def start(self) -> int:
        """First covered instant [s since 1970 UTC]."""
        return max(self.bounds[0], instant(self.terms.contract.start, self.terms.zone))

    @cached_property
    def end(self) -> int:
        """First instant after the covered time; `start` if the contract does not cover the month."""
        end = self.terms.contract.end
        return max(self.start, min(self.bounds[1], instant(end, self.terms.zone)) if end else self.bounds[1])

    @property
    def covered_seconds(self) -> int:
        """Length of the covered time [s]."""
        return self.end - self.start

    @property
    def month_seconds(self) -> int:
        """Length of the month [s]."""
        return self.bounds[1] - self.bounds[0]

    @cached_property
    def signed_by_both(self) -> frozenset[str]:
        """Keys that must stand under what moves money and no meter said."""
        return frozenset((self.terms.host, self.terms.tenant))

    # --- what was metered ---------------------------------------------------------------------------------------------

    @cached_property
    def metered(self) -> dict[str, "Metered"]:
        """Sums over the meters of each kind."""
        step = self.terms.interval_seconds
        starts = np.arange(self.start, self.end, step, dtype=np.int64)
        sums = {kind: Metered.none(starts) for kind in (ENERGY, IT, GPU)}
        for meter in self.terms.meters:
            if meter.measures == CHECK:
                continue
            begin, end = self.window(meter)
            if end > begin:
                window = slice((begin - self.start) // step, (end - self.start) // step)
                sums[meter.measures].add(window, self.readings(meter).intervals(begin, end))
        return sums

    def window(self, meter: Meter) -> tuple[int, int]:
        """The covered time within which a meter counts [s since 1970 UTC]; it may be empty."""
        until = self.end if meter.until is None else meter.until
        return max(self.start, meter.since or 0), min(self.end, until)

    def readings(self, meter: Meter) -> Readings:
        """All readings of a meter near the month, corrections included."""
        reach = (self.bounds[0] - REACH_SECONDS, self.bounds[1] + REACH_SECONDS)
        begin = reach[0] if meter.since is None else max(reach[0], meter.since)
        end = reach[1] if meter.until is None else min(reach[1], meter.until)
        readings = Readings(begin, end, self.terms.register(meter))
        for instants, registers in self._sent(meter):
            readings.measured(instants, registers)
        for one in self.book.all_of(Correction, before=self.before):
            correction = one.body
            ours = (correction.contract, correction.meter) == (self.terms.name, meter.id)
            if ours and self.signed_by_both <= one.signers:
                registers = np.array([-1 if r is None else r for r in correction.registers], dtype=np.int64)
                instants = correction.start + correction.seconds * np.arange(len(registers), dtype=np.int64)
                readings.agreed(instants, registers)
        return readings

    def _sent(self, meter: Meter) -> Iterable[tuple[Integers, Integers]]:
        """What the meter itself sent, in the order of the log."""
        batches = unrepeated(self.book.batches(meter.id, self.before), meter)
        found = [(one.index, one.body.instants, one.body.registers) for one in batches]
        found += [
            (text.index, np.array([at], dtype=np.int64), np.array([register], dtype=np.int64))
            for text in self.book.ocmf(meter.id, self.before)
            if text.body.verifies(meter.ocmf_key)
            for at, register in text.body.readings
        ]
        return [(instants, registers) for _, instants, registers in sorted(found, key=lambda one: one[0])]

    # --- the lines ----------------------------------------------------------------------------------------------------

    @cached_property
    def lines(self) -> dict[str, int]:
        """The five lines [cents]."""
        rent, storage = self._rent(), self._storage()
        due = {RENT: rent.minor, ENERGY: self._energy().minor, GPU: self._gpu().minor, STORAGE: storage.minor}
        for name, cents in due.items():
            if abs(cents) > LIMIT:
                raise InputError(f"line {name} of more than {LIMIT} cents", "that is the limit", "Look at the terms.")
        return due | {CREDIT: -self.terms.contract.credits.credit(self.uptime.availability, rent + storage).minor}

    def _rent(self) -> Money:
        promised = self.terms.critical_it_w * self.covered_seconds
        used = Fraction(1)
        if promised and any(meter.measures == IT for meter in self.terms.meters):
            used = min(used, Fraction(self.metered[IT].total * HOUR, promised))
        terms = self.terms
        return terms.contract.rent_usd(self.period, it=terms.it, timezone=terms.zone, used_fraction=used)

    def _energy(self) -> Money:
        terms, sold = self.terms, self.metered[ENERGY]
        if terms.energy_price is None or terms.contract.power is PowerTerms.INCLUDED:
            return Money(0, Currency.USD)
        price, known = self._price(terms.energy_price, sold)
        cost = sold.valued(price + terms.adder_uusd_per_mwh, known)
        return terms.contract.recovered(Money.rounded(Fraction(cost * terms.gross_up_ppm, _ENERGY_SCALE), Currency.USD))

    def _gpu(self) -> Money:
        if self.terms.gpu_price is None:
            return Money(0, Currency.USD)
        sold = self.metered[GPU]
        value = sold.valued(*self._price(self.terms.gpu_price, sold))
        return sold_usd(Fraction(value, _GPU_SCALE), Fraction(self.terms.platform_fee_ppm, MILLION))

    def _storage(self) -> Money:
        if self.terms.storage is None:
            return Money(0, Currency.USD)
        return self.terms.storage.rent_usd(Fraction(self.covered_seconds, self.month_seconds))

    def _price(self, price: Price, sold: "Metered") -> tuple[Integers, Flags]:
        if price.uusd is not None:
            return np.full(len(sold.starts), price.uusd, dtype=np.int64), np.ones(len(sold.starts), dtype=np.bool_)
        batches = self.book.all_of(PriceBatch, before=self.before)
        ours = (one.body for one in batches if one.body.series == price.series and price.vkey in one.signers)
        return price_of(sold.starts, ours)

    @cached_property
    def uptime(self) -> Uptime:
        """Availability of the covered time."""
        terms, contract = self.terms, self.terms.contract
        events = [
            (one.id, one.body)
            for one in self.book.all_of(ServiceEvent, before=self.before)
            if one.body.contract == terms.name and self.signed_by_both <= one.signers
        ]
        first = max(first_of_month(self.period), contract.start)
        last = next_month(first) - dt.timedelta(days=1)
        years = [
            tuple(instant(contract.anniversary(k + more), terms.zone) for more in (0, 1))
            for k in range(contract.years(first), contract.years(last) + 1)
        ]
        return uptime(
            standing(events),
            start=self.start,
            end=self.end,
            critical_it_w=terms.critical_it_w,
            years=[(a, b) for a, b in years],
            curtailable_seconds=terms.curtailable_seconds_per_year,
        )

    @property
    def facts(self) -> dict[str, int]:
        """Amounts behind the lines."""
        step, metered = self.terms.interval_seconds, self.metered
        seconds = {kind: sum(one.kinds[kind] for one in metered.values()) * step for kind in Kind}
        return {
            "month_seconds": self.month_seconds,
            "covered_seconds": self.covered_seconds,
            "energy_wh": metered[ENERGY].total,
            "it_wh": metered[IT].total,
            "gpu_seconds": metered[GPU].total,
            "measured_seconds": seconds[Kind.MEASURED],
            "corrected_seconds": seconds[Kind.CORRECTED],
            "estimated_seconds": seconds[Kind.ESTIMATED],
            "missing_seconds": seconds[Kind.MISSING],
            "unpriced_seconds": self._unpriced() * step,
            "excused_seconds": self.uptime.excused_seconds,
            "availability_ppb": self.uptime.availability.numerator * _BILLION // self.uptime.availability.denominator,
        }

    def _unpriced(self) -> int:
        passed_on = self.terms.contract.power is PowerTerms.PASS_THROUGH
        prices = {ENERGY: self.terms.energy_price if passed_on else None, GPU: self.terms.gpu_price}
        count = 0
        for kind, price in prices.items():
            if price is not None:
                known = self._price(price, self.metered[kind])[1]
                count += int(self.metered[kind].meters[~known].sum())
        return count


@dataclass(slots=True)
class Metered:
    """Sums over all meters of a kind.

    Attributes:
        starts: Shape (n,); start of each interval [s since 1970 UTC].
        amounts: Shape (n,); sum over the meters that are not missing.
        meters: Shape (n,); number of meters that are not missing.
        kinds: Number of intervals of each `Kind`.
    """

    starts: Integers
    amounts: Integers
    meters: Integers
    kinds: dict[Kind, int]

    @classmethod
    def none(cls, starts: Integers) -> "Metered":
        """Sums over no meter."""
        return cls(starts, np.zeros_like(starts), np.zeros_like(starts), dict.fromkeys(Kind, 0))

    def add(self, window: slice, intervals: Intervals) -> None:
        """Add a meter in its window."""
        self.amounts[window] += intervals.amounts
        self.meters[window] += intervals.present
        for kind in Kind:
            self.kinds[kind] += intervals.count(kind)

    @property
    def total(self) -> int:
        """Sum over all intervals."""
        return int(self.amounts.sum())

    def valued(self, price: Integers, known: Flags) -> int:
        """Sum of amount times price where there is one, in Python's integers: it may exceed 64 bits."""
        return sum(a * p for a, p in zip(self.amounts[known].tolist(), price[known].tolist(), strict=True))


def unrepeated(batches: Iterable[Kept[Sent]], meter: Meter) -> list[Kept[Sent]]:
    """The batches that the meter signed, each boot and sequence once: the first."""
    seen: dict[tuple[str, int], Kept[Sent]] = {}
    for one in batches:
        if meter.vkey and meter.vkey in one.signers:
            seen.setdefault((one.body.boot, one.body.sequence), one)
    return list(seen.values())
