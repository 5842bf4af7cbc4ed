"""Policies that look ahead, beside the rules that only look back: what each machine class wishes, interval by interval.

* stochastic: the best policy on the chain of price bins over the next hours (`stochastic`), by the bin last seen;
* rolling: scenarios of the next hours from the same chain, the coming interval decided once for all of them (`rolling`).

Each class is planned alone and batch work runs from its window's start, as under the rules, so that a difference is a
difference of looking ahead; what ties a whole site is planned by `ahead`. Until the chain can be fitted a class runs by
the last price, as under the threshold rule. All that is read at an interval's start is asked for with the same calls as
in `policies`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.backtest import Result, coins
from megawatt.dispatch.case import Case, Knowledge
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.policies import elastic_wish, merit
from megawatt.dispatch.problem import Floats, InitialState, MachineClass
from megawatt.dispatch.prospect import Market, bin_costs, draw_paths, expected_peak_usd_per_mwh, slopes
from megawatt.dispatch.rolling import first_word, state_of
from megawatt.dispatch.simulate import Wish, simulate
from megawatt.dispatch.stochastic import States, policy_table
from megawatt.forecast.price_bins import FLOOR_USD, PriceBins, relative_deviation

LOOK_AHEAD_HOURS = 12
"""Set once, as several times the longest dwell time of the examples; not tuned."""
PATHS = 16
REFIT_HOURS = 24 * 7

STOCHASTIC = "stochastic"
ROLLING = "rolling"
WHAT = {
    STOCHASTIC: "best policy on bins of the price around the day-ahead price, by the bin last seen",
    ROLLING: "the coming interval planned once over scenarios of the next hours, anew in every interval",
}


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a policy knows when an interval is decided.

    Attributes:
        bins: The chain.
        deviations: Past deviations by bin.
        seen: Bin of the last known price.
        base_usd_per_mwh: Base price of the next intervals, shape (H,).
        adder_usd_per_mwh: Delivery and expected peak charges of the next intervals, shape (H,).
        nuance: What the exact last price says of the coming deviation beyond its bin.
    """

    bins: PriceBins
    deviations: tuple[Floats, ...]
    seen: int
    base_usd_per_mwh: Floats
    adder_usd_per_mwh: Floats
    nuance: float

    @property
    def nuance_usd_per_mwh(self) -> float:
        """The same as a price."""
        return max(float(self.base_usd_per_mwh[0]), FLOOR_USD) * self.nuance

    def costs(self) -> Floats:
        """Cost expected by the bin seen before each interval, shape (H, K) [USD/MWh]."""
        out = bin_costs(self.bins, self.base_usd_per_mwh, self.adder_usd_per_mwh)
        out[0] += self.nuance_usd_per_mwh  # every other bin of the first interval is never asked for
        return out


@dataclass(slots=True)
class Watch:
    """The views of a case, one after the other: the chain is fitted anew each week."""

    case: Case
    market: Market
    first: int
    adder: Floats
    fitted: int = -1
    bins: PriceBins | None = None
    deviations: tuple[Floats, ...] = ()
    slopes: Floats = field(default_factory=lambda: np.zeros(0))
    origin: int = 0
    known: int = -1
    base: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, case: Case) -> "Watch":
        """Begin at a case's first interval."""
        grid, site = case.problem.grid, case.site
        look = round(LOOK_AHEAD_HOURS / grid.hours)
        longer = TimeGrid(grid.start, grid.step_minutes, grid.n + look)
        market = Market.of(site, case.data, longer)
        first = int((grid.start - market.grid.start) // grid.step)
        adder = site.connection.price_adder_usd_per_mwh + expected_peak_usd_per_mwh(site, longer)
        return cls(case, market, first, adder)

    def view(self, t: int) -> View | None:
        """What is known when interval ``t`` begins; None where too little is to look ahead."""
        grid, n = self.case.problem.grid, self.first + t
        at, look = grid.starts[t], len(self.adder) - grid.n
        last, bins = self.market.last_seen(n, at), self._chain(n, t, at)
        if last < 0 or bins is None:
            return None
        self._rebase(n, n + look, at)
        price, reference = float(self.market.price.values[last]), float(self.market.reference[last])
        seen, begin = bins.bin_of(price, reference), n - self.origin
        x = float(relative_deviation(np.array(price), np.array(reference)))
        nuance = float(self.slopes[seen]) * (x - float(bins.deviation[seen]))
        return View(bins, self.deviations, seen, self.base[begin : begin + look], self.adder[t : t + look], nuance)

    def _chain(self, n: int, t: int, at: np.datetime64) -> PriceBins | None:
        """The chain, fitted anew each week; None while there is too little to fit it."""
        if self.bins is None or t - self.fitted >= round(REFIT_HOURS / self.case.problem.grid.hours):
            if not self.market.enough(n, at):
                return None
            self.bins, x = self.market.fit(n, at)
            number = np.searchsorted(self.bins.border, np.nan_to_num(x))
            self.deviations = tuple(x[np.isfinite(x) & (number == k)] for k in range(len(self.bins.deviation)))
            self.slopes, self.fitted = slopes(self.bins, x), t
        return self.bins

    def _rebase(self, n: int, end: int, at: np.datetime64) -> None:
        """A new base when prices are published that were not, or the old one ends; the profile stands in for an hour."""
        if self.market.published:
            known = n + int((self.market.ahead.known_at[n:] <= at).sum())
        else:
            known = int(self.case.problem.grid.hours * n)
        if self.known != known or end > self.origin + len(self.base):
            far = min(end + (end - n), self.market.grid.n)
            self.base, self.origin, self.known = self.market.base(n, far, at), n, known


Decide = Callable[[View, MachineClass, float, np.random.Generator], bool]
"""Whether a block in the class's initial state runs in the coming interval of so many hours."""


def by_table(view: View, machine: MachineClass, hours: float, _rng: np.random.Generator) -> bool:
    """Stochastic programming on the chain; nothing is drawn."""
    table = policy_table(machine, view.costs(), view.bins.transition, hours)
    return bool(table.run[0, table.states.number(machine.initial), view.seen])


def by_paths(view: View, machine: MachineClass, hours: float, rng: np.random.Generator) -> bool:
    """The coming interval once for all scenarios, each planned exactly after it."""
    base = view.base_usd_per_mwh
    seen = np.full(PATHS, view.seen, dtype=np.int64)
    drawn = draw_paths(view.bins, view.deviations, seen, len(base), rng)
    cost = base + np.maximum(base, FLOOR_USD) * drawn + view.adder_usd_per_mwh
    cost[:, 0] += view.nuance_usd_per_mwh
    word, _ = first_word(machine, cost, 1, hours)
    return bool(word[0])


DECIDE: dict[str, Decide] = {STOCHASTIC: by_table, ROLLING: by_paths}


def forecast_wish(case: Case, policy: str, seed: int = 0) -> Wish:
    """What a policy would do, deciding every interval by what is known at its start.

    Args:
        case: Site and data; prices before its period teach the chain.
        policy: `STOCHASTIC` or `ROLLING`.
        seed: Of the scenarios; each interval draws its own.
    """
    problem, known, watch = case.problem, case.known(), Watch.of(case)
    hours, decide = problem.grid.hours, DECIDE[policy]
    states = [States.of(machine) for machine in problem.machines]
    state = [machine.initial for machine in problem.machines]
    on = np.zeros((len(problem.machines), problem.T), dtype=np.bool_)
    mode = np.zeros(on.shape, dtype=np.int64)
    for t in range(problem.T):
        view = watch.view(t)
        for c, machine in enumerate(problem.machines):
            best, lead = _last_price(known, c, t, float(watch.adder[t]))
            mode[c, t], on[c, t] = best, lead >= 0
            if view is not None:
                now = _frozen(machine, known, c, t, len(view.base_usd_per_mwh), state[c])
                rng = np.random.default_rng([seed, t, c])
                on[c, t] = decide(view, now, hours, rng)
                margin = known.revenue_usd_per_h[c][:, t] - known.power_mw[c][:, t] * view.costs()[0, view.seen]
                mode[c, t] = int(margin.argmax())
            number = states[c].after(states[c].number(state[c]), bool(on[c, t]))
            state[c] = state_of(states[c], number)
    price = known.price_usd_per_mwh + case.site.connection.price_adder_usd_per_mwh
    return Wish(tuple(on), tuple(mode), elastic_wish(problem, known, price), merit(case))


def _last_price(known: Knowledge, c: int, t: int, adder: float) -> tuple[int, float]:
    """Best mode at the last known price, and its margin; 0 where nothing is known yet: it runs, as a mine does."""
    price = known.price_usd_per_mwh[t] + adder
    if np.isnan(price):
        return 0, 0.0
    margin = known.revenue_usd_per_h[c][:, t] - known.power_mw[c][:, t] * price
    return int(margin.argmax()), float(margin.max())


def _frozen(machine: MachineClass, known: Knowledge, c: int, t: int, n: int, state: InitialState) -> MachineClass:
    """A class in its present state whose income and power stay as known now for n intervals."""
    revenue = np.repeat(known.revenue_usd_per_h[c][:, t : t + 1], n, axis=1)
    power = np.repeat(known.power_mw[c][:, t : t + 1], n, axis=1)
    return replace(machine, revenue_usd_per_h=revenue, power_mw=power, initial=state)


def run_forecast_policy(case: Case, policy: str) -> Result:
    """A policy on a case, settled like every rule."""
    outcome = simulate(case.problem, forecast_wish(case, policy))
    schedule = outcome.schedule
    switched = schedule.starts_stops(case.problem)
    ledger = settle(case.problem, schedule)
    return Result(policy, WHAT[policy], ledger, schedule, coins(case, schedule), switched, outcome.corrected)
