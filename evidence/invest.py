"""Bars on deals, scenarios and real options."""

import time
from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evidence.bar import Bar, Figure
from evidence.year_2024 import DATA, needs_data
from megawatt.app.comparable_deals import read_comparables
from megawatt.app.deal_examples import CORE_2024, CORE_2024_BID, CORE_2024_REPLAY
from megawatt.app.deal_file import deal_of, offer_of
from megawatt.core.units import ItMW
from megawatt.invest.bid import Bid, Stock, Vote
from megawatt.invest.comparables import rent_quantiles
from megawatt.invest.contract_or_bid import Choice, choose, contract_alone
from megawatt.invest.debt import level_loan
from megawatt.invest.lease import Lease
from megawatt.invest.network_model import NetworkModel, NetworkState
from megawatt.invest.network_paths import NetworkPaths, month_lengths, network_paths
from megawatt.invest.philox import LANES, ROWS, draw
from megawatt.invest.ranges import Spread
from tests.invest.network_reference import numpy_draws, philox_draws, reference_paths
from tests.invest.put import TABLE_1, bermudan_put

MODULES = "src/megawatt/invest"
JUNE_2024 = NetworkState(
    price_usd=68_833.0, difficulty=84.38e12, height=846_300, hashrate_eh_s=613.0, fees_btc_per_block=0.3
)
RATES = (0.08, 0.10, 0.12, 0.15)


def core(noi_margin: float) -> Lease:
    """The contract of June 2024 as printed."""
    return Lease(it=ItMW(200.0), years=12, rent_usd_per_it_mw_year=1.45e6, noi_margin=noi_margin)


def deal_facts() -> Figure:
    """AF15-AF17, AF19-AF21, AF24, rounded as printed."""
    values = [round(float(core(m).value_usd(r, 1)) / 1e6) for m in (0.75, 0.80) for r in RATES]
    alone = contract_alone(core(0.775), 1_022e6, rate=0.10)
    rate, hazard = alone.even_rate or 0.0, alone.even_hazard_per_year or 0.0
    debts = [round(level_loan([224.75] * 12, rate=0.0775, dscr=d).principal_usd) for d in (1.2, 1.3, 1.4, 1.5)]
    cash = Bid("CoreWeave", 5.75, bases_usd={"close": 4.87, "VWAP": 3.71}).premiums()
    stock = Bid("CoreWeave", stock=Stock(ratio=0.1235))
    offer = float(stock.usd_per_share(165.20))
    vote = Vote.of_quorum(20_752_327, 203_451_498, 21_588_639, 0.7997)
    steps = [round(usd / 12 / mw / 1e6, 3) for mw, usd in ((270, 4.7e9), (382, 6.7e9), (500, 8.7e9), (590, 10.2e9))]
    found: dict[str, tuple[object, object]] = {
        "AF15 M USD per IT MW-year": (round(3.5e9 / 12 / 200 / 1e6, 3), 1.458),
        "AF16 M USD per IT MW-year": (steps, [1.451, 1.462, 1.450, 1.441]),
        "AF17 M USD": (round(5.75 * 177.8), 1022),
        "AF17 premium %": ([round(100 * p, 1) for p in cash.values()], [18.1, 55.0]),
        "AF17 M shares of 1.6 bn": (round(1600 / 5.75), 278),
        "AF19 M USD": (values, [1639, 1482, 1347, 1179, 1748, 1581, 1437, 1258]),
        "AF19 even rate %, hazard %": ([round(100 * rate, 1), round(100 * hazard, 1)], [19.4, 7.8]),
        "AF20 USD, M shares, bn USD": (
            [round(offer, 2), round(39.685636 / 0.1235, 1), round(39.685636 / 0.1235 * offer / 1e3, 2)],
            [20.40, 321.3, 6.56],
        ),
        "AF20 USD at 99.97": (round(float(stock.usd_per_share(99.97)), 2), 12.35),
        "AF21 % for, M outstanding": (
            [round(100 * vote.for_fraction, 2), round(vote.outstanding / 1e6, 1)],
            [6.75, 307.4],
        ),
        "AF24 M USD": (debts, [1430, 1320, 1226, 1144]),
    }
    wrong = [name for name, (is_now, printed) in found.items() if is_now != printed]
    text = f"{len(found) - len(wrong)} of {len(found)} as printed" + (f"; not {', '.join(wrong)}" if wrong else "")
    return Figure(text, not wrong, {name: str(is_now) for name, (is_now, _) in found.items()})


@needs_data
def choice_of_2024() -> Figure:
    """Value per share against 5.75 with what was known, then the replay; and every deal of the data folder."""
    known, replay = (answer(text) for text in (CORE_2024, CORE_2024_REPLAY))
    deals = read_comparables(DATA / "miners" / "miner_ai_deals.csv")
    rents = rent_quantiles(deals)[ItMW]
    told = [one for one in deals if bool(one.why_not) != (one.worth_usd_per_mw((0.08, 0.12)) is not None)]
    before, after = Spread.of(known.value_usd), Spread.of(replay.value_usd)
    turn = next(t.at for t in known.turns if t.name == "300 MW under discussion exercised")
    text = (
        f"known on 6 June 2024: {before.median:.2f} USD a share ({before.low:.2f}-{before.high:.2f}), {known.verdict}, turns at a "
        f"probability of {100 * (turn or 0):.0f} % of the tenant's option; replay (history): {after.median:.2f} "
        f"({after.low:.2f}-{after.high:.2f}); {len(told)} of {len(deals)} deals valued or refused with a reason"
    )
    numbers: dict[str, float | int | str] = {"probability_above": known.probability_above, "verdict": known.verdict}
    numbers |= {"replay_probability_above": replay.probability_above, "replay_verdict": replay.verdict}
    numbers |= {
        f"rent_quantile_{q}_usd_per_it_mw_year": float(v)
        for q, v in zip((25, 50, 75), rents.quantiles_usd, strict=True)
    }
    return Figure(text, len(told) == len(deals) and turn is not None, numbers)


def answer(text: str) -> Choice:
    """The choice between a deal's company and the bid of June 2024."""
    company = deal_of(text).as_company()
    if company is None:
        message = "the example describes a company"
        raise ValueError(message)
    return choose(company, offer_of(CORE_2024_BID).bid, np.random.default_rng(0))


def contract_seconds() -> Figure:
    """10,000 scenarios of twelve years by the month: rent, margin, delay, ramp, hazard, second tenant, capex, credits."""
    rng, n = np.random.default_rng(0), 10_000
    lease = Lease(
        it=ItMW(200.0),
        years=12,
        rent_usd_per_it_mw_year=rng.uniform(1.2e6, 1.9e6, n),
        noi_margin=rng.uniform(0.6, 0.85, n),
        delay_months=rng.uniform(6, 36, n),
        ramp_months=rng.uniform(0, 24, n),
        hazard_per_year=rng.uniform(0, 0.12, n),
        relet_months=12.0,
        relet_fraction=rng.uniform(0, 1, n),
        host_capex_usd_per_it_mw=rng.uniform(0, 10e6, n),
        credited_capex_usd_per_it_mw=rng.uniform(0, 3e6, n),
    )
    seconds = best(lambda: lease.value_usd(np.full(n, 0.10)), 5)
    return Figure(f"{seconds:.2f} s", seconds < 2, {"seconds": seconds, "scenarios": n})


@njit(error_model="numpy", fastmath={"contract"}, nogil=True, cache=True)
def random_only(groups: int, days: int, k0: np.uint64, k1: np.uint64) -> float:
    """The random numbers of the simulation and nothing else; summed, so that none is left out."""
    words = np.zeros((ROWS + 1) * LANES, np.uint64)
    floats = words.view(np.float64)
    at = ROWS * LANES
    for group in range(groups):
        for day in range(days):
            draw(words, floats, np.uint64(group * LANES), np.uint64(day), k0, k1)
            for j in range(LANES):
                floats[at + j] += (
                    floats[j]
                    + floats[LANES + j]
                    + floats[2 * LANES + j]
                    + floats[3 * LANES + j]
                    + floats[4 * LANES + j]
                    + floats[5 * LANES + j]
                )
    total: float = floats[at:].sum()
    return total


def best(run: Callable[[], object], times: int) -> float:
    """Shortest of several runs [s]."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def network_speed() -> Figure:
    """10,000 paths of ten years against the random numbers alone (one thread each) and against plain numpy."""
    months, paths = month_lengths("2024-06", 120), 10_016
    days = sum(months)
    keys = np.uint64(7), np.uint64(0)
    random_only(1, 1, *keys)
    made(months[:1], LANES, workers=1)
    one, alone = (
        best(lambda: made(months, paths, workers=1), 3),
        best(lambda: random_only(paths // LANES, days, *keys), 3),
    )
    two = best(lambda: made(months, paths, workers=2), 3)
    plain = best(lambda: plainly(months[:12], paths), 2) * days / sum(months[:12])
    rate = paths * days / two
    text = (
        f"{one / alone:.2f} x the random numbers; {plain / one:.1f} x numpy on one thread, {plain / two:.1f} x on two; "
        f"{rate / 1e7:.1f}e7 path-days/s"
    )
    numbers: dict[str, float | int | str] = {"seconds_one_thread": one, "seconds_random_only": alone}
    numbers |= {"seconds_two_threads": two, "seconds_numpy_scaled": plain, "path_days_per_second": rate}
    return Figure(text, one / alone <= 1.6 and plain / min(one, two) >= 10, numbers)


def made(months: list[int], paths: int, *, workers: int) -> NetworkPaths:
    """Paths of the default model from June 2024."""
    return network_paths(NetworkModel(), JUNE_2024, months, seed=7, paths=paths, workers=workers)


def plainly(months: list[int], paths: int) -> NDArray[np.float64]:
    """The same by plain numpy with its own generator."""
    return reference_paths(NetworkModel(), JUNE_2024, months, draws=numpy_draws(paths, 7), paths=paths)


def network_exactness() -> Figure:
    """Two years through a halving, path by path, from the same integers; and any number of workers."""
    state = NetworkState(
        price_usd=68_833.0, difficulty=84.38e12, height=1_049_000, hashrate_eh_s=613.0, fees_btc_per_block=0.3
    )
    months, n = month_lengths("2028-02", 24), 64
    found = network_paths(NetworkModel(), state, months, seed=7, paths=n)
    plain = reference_paths(NetworkModel(), state, months, draws=philox_draws(n, 7), paths=n)
    lanes = np.stack([found.hashprice_usd_per_ph_day, found.price_usd, found.difficulty, found.hashrate_eh_s])
    worst = float(np.abs(lanes / plain - 1).max())
    base = made(months, 500, workers=1).hashprice_usd_per_ph_day
    moved = sum(int((made(months, 500, workers=w).hashprice_usd_per_ph_day != base).sum()) for w in (2, 3, 5, 8))
    text = f"largest difference {worst:.1e}; {moved} values moved by 2, 3, 5 or 8 workers"
    return Figure(text, worst <= 1e-9 and not moved, {"worst_relative": worst, "moved": moved, "paths": n})


def longstaff_schwartz() -> Figure:
    """All 20 values, 100,000 antithetic paths to learn and as many to value."""
    beyond, errors = [], []
    for i, (spot, volatility, years, value) in enumerate(TABLE_1):
        found = bermudan_put(spot, volatility, years, paths=100_000, seed=i)
        errors.append(abs(found.mean / value - 1))
        if abs(found.mean - value) > 3 * found.standard_error:
            beyond.append(f"{spot:g}/{volatility:g}/{years:g}")
    mean = 100 * float(np.mean(errors))
    text = f"mean error {mean:.2f} %, {len(beyond)} of 20 beyond three standard errors"
    return Figure(text, mean < 0.5 and not beyond, {"mean_error_percent": mean, "beyond": ", ".join(beyond)})


BARS: tuple[Bar, ...] = (
    Bar(
        id="deal-facts",
        sentence="The published figures of the hosting contract and the two bids come out as printed: value alone, even rate and "
        "hazard, steps, premiums, share counts, merger ratio, vote, debt (AF15-AF17, AF19-AF21, AF24).",
        target="all to the printed digit",
        covers=tuple(
            f"{MODULES}/{name}.py"
            for name in ("lease", "cash_flow", "debt", "bid", "shares", "contract_or_bid", "ranges")
        ),
        measure=deal_facts,
    ),
    Bar(
        id="deal-choice-2024",
        sentence="The choice of June 2024 is answered per diluted share with a range, a verdict declared beforehand and what turns "
        "it; the replay is labelled history; every published deal is valued or says why not.",
        target="14 of 14 deals; a turning point in the tenant's option",
        covers=(
            *(
                f"{MODULES}/{name}.py"
                for name in ("bid", "comparables", "company", "contract_or_bid", "deal", "deal_tables")
            ),
            *(f"{MODULES}/{name}.py" for name in ("lease", "ranges", "shares")),
            "src/megawatt/app/deal_examples.py",
            "src/megawatt/app/comparable_deals.py",
        ),
        measure=choice_of_2024,
    ),
    Bar(
        id="deal-contract-speed",
        sentence="A monthly contract of twelve years is valued in 10,000 scenarios.",
        target="below 2 s",
        covers=(f"{MODULES}/lease.py",),
        measure=contract_seconds,
    ),
    Bar(
        id="network-paths-speed",
        sentence="10,000 paths of the network over ten years of days: bound by their random numbers (one thread each), and far from "
        "plain numpy (on two threads; best of three, one run).",
        target="at most 1.6 x the random numbers alone, at least 10 x numpy",
        covers=(f"{MODULES}/philox.py", f"{MODULES}/network_*.py", "tests/invest/network_reference.py"),
        measure=network_speed,
    ),
    Bar(
        id="network-paths-equal-numpy",
        sentence="The network's paths equal a plain numpy program that shares no code, from the same integers, through retargets and "
        "a halving; the same seed gives the same paths on any number of workers.",
        target="at most 1e-9 relative, 0 values moved",
        covers=(f"{MODULES}/philox.py", f"{MODULES}/network_*.py", "tests/invest/network_reference.py"),
        measure=network_exactness,
    ),
    Bar(
        id="longstaff-schwartz-table-1",
        sentence="Least-squares Monte Carlo, valued out of sample, gives the 20 values of Longstaff and Schwartz's Table 1.",
        target="each within three standard errors, mean error below 0.5 %",
        covers=(f"{MODULES}/stopping.py", "tests/invest/put.py"),
        measure=longstaff_schwartz,
    ),
)
